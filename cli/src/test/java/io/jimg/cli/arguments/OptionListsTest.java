package io.jimg.cli.arguments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.cli.process.CommandException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionListsTest {

    @ParameterizedTest
    @CsvSource({
        "'size=1M,compat=v3',        '{size=1M, compat=v3}'",
        "'a=1,b=2,a=3',              '{a=3, b=2}'",
        "'backing_file=a,,b,size=1', '{backing_file=a,b, size=1}'",
        "'a=,,,b=1',                 '{a=,, b=1}'",
        "'a=b=c',                    '{a=b=c}'",
        "'lazy_refcounts',           '{lazy_refcounts=on}'",
        "'nolazy_refcounts',         '{lazy_refcounts=off}'",
        "'nocow',                    '{cow=off}'",
        "'a,,b=1',                   '{a=on, =on, b=1}'",
        "'=x',                       '{=x}'",
        "'',                         '{}'",
    })
    void parses(String list, String expected) throws CommandException {
        assertThat(OptionLists.parse(list, null, ShortForms.ACCEPTED).toString())
                .isEqualTo(expected);
    }

    @Test
    void givesAFirstElementWithoutKeyToTheImpliedOne() throws CommandException {
        assertThat(OptionLists.parse("secret,id=s", "qom-type", ShortForms.ACCEPTED))
                .hasToString("{qom-type=secret, id=s}");
        assertThat(OptionLists.parse("a=secret,id=s", "qom-type", ShortForms.ACCEPTED))
                .hasToString("{a=secret, id=s}");
    }

    @Test
    void tellsOfShortForms() throws CommandException {
        List<String> told = new ArrayList<>();
        OptionLists.parse("driver=qcow2,lazy,nolazy", null, (typed, meant) -> told.add(typed + " " + meant));
        assertThat(told).containsExactly("lazy lazy=on", "nolazy lazy=off");
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "?", "a=1,help", "help,a", "a=,help", "?,a"})
    void findsTheCallForHelp(String list) {
        assertThat(OptionLists.asksForHelp(list)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a=1,,help", "help=1", "HELP", " help", "a=help", "?=1", "a,,help"})
    void takesNothingElseForIt(String list) {
        assertThat(OptionLists.asksForHelp(list)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",", ",,", ",a", ",,a", "a,", "a,,,", ",help"})
    void refusesListsThatWouldRunIntoTheirNeighbours(String list) {
        assertThatThrownBy(() -> OptionLists.append(null, list)).hasMessage("Invalid option list: " + list);
    }

    @Test
    void joinsTheRest() throws CommandException {
        assertThat(OptionLists.append(OptionLists.append(null, "a=1,,"), "b,,,c"))
                .isEqualTo("a=1,,,b,,,c");
    }
}
