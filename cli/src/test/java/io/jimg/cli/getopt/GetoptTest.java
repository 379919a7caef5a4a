package io.jimg.cli.getopt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the C library's getopt_long answers for the same words, as qemu-img 7.2 and 10.0 show it. */
class GetoptTest {
    private static final List<OptionSpec> TABLE = List.of(
            OptionSpec.valued('f', "fmt", ""),
            OptionSpec.flag('U', "").or("force-share"),
            OptionSpec.flag('q', ""),
            OptionSpec.valued("output", "fmt", ""),
            OptionSpec.valued("object", "def", ""),
            OptionSpec.flag("bitmaps", ""),
            OptionSpec.flag("salvage", ""),
            OptionSpec.flag("skip-broken-bitmaps", ""));

    @ParameterizedTest
    @CsvSource({
        "'a b',                        '| a b'",
        "'a -U b',                     'U | a b'",
        "'a -U b -q c',                'U q | a b c'",
        "'-Uq a',                      'U q | a'",
        "'-qfraw a',                   'q f=raw | a'",
        "'-f raw a',                   'f=raw | a'",
        "'-f -U a',                    'f=-U | a'",
        "'-f -- a',                    'f=-- | a'",
        "'-f=raw',                     'f==raw |'",
        "'--output=json a',            'output=json | a'",
        "'--output json a',            'output=json | a'",
        "'--output= a',                'output= | a'",
        "'--ou json a',                'output=json | a'",
        "'--force a',                  'U | a'",
        "'--b a --sa',                 'bitmaps salvage | a'",
        "'-f raw -f qcow2 -f raw',     'f=raw f=qcow2 f=raw |'",
        "'a -- -U b',                  '| a -U b'",
        "'-U -- -- b',                 'U | -- b'",
        "'a - -U',                     'U | a -'",
        "'@a -U @b',                   'U | @a @b'",
        "'a -U -- b -q',               'U | a b -q'",
    })
    void findsOptionsAndOperands(String words, String expected) throws UsageException {
        assertThat(read(Getopt.Order.PERMUTE, words)).isEqualTo(expected.stripTrailing());
    }

    @ParameterizedTest
    @CsvSource({
        "'-U a -q b',   'U | a -q b'",
        "'-U -- a',     'U | a'",
        "'a',           '| a'",
        "'-U - -q',     'U | - -q'",
    })
    void stopsAtTheFirstOperandWhenAsked(String words, String expected) throws UsageException {
        assertThat(read(Getopt.Order.STOP_AT_OPERAND, words)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "'--foo a',              unrecognized option '--foo'",
        "'--foo=x a',            unrecognized option '--foo=x'",
        "'-z a',                 unrecognized option '-z'",
        "'-Uz a',                unrecognized option '-Uz'",
        "'-zU a',                unrecognized option 'info'",
        "'a -zU',                unrecognized option 'a'",
        "'-Uzf b',               unrecognized option 'info'",
        "'--force-share=x a',    unrecognized option '--force-share=x'",
        "'--o json a',           unrecognized option '--o'",
        "'--s a',                unrecognized option '--s'",
        "'-f',                   missing argument for option '-f'",
        "'-U -f',                missing argument for option '-f'",
        "'-Uf',                  missing argument for option '-Uf'",
        "'a --outpu',            missing argument for option '--outpu'",
        "'--output',             missing argument for option '--output'",
    })
    void complainsAboutTheWordThatCWould(String words, String expected) {
        assertThatThrownBy(() -> read(Getopt.Order.PERMUTE, words))
                .isInstanceOf(UsageException.class)
                .hasMessage(expected);
    }

    @Test
    void keepsEmptyWords() throws UsageException {
        Getopt words = new Getopt(TABLE, "info", List.of("", "-f", "", "b"), Getopt.Order.PERMUTE);
        assertThat(words.next()).isEqualTo("f");
        assertThat(words.argument()).isEmpty();
        assertThat(words.next()).isNull();
        assertThat(words.operands()).containsExactly("", "b");
    }

    @Test
    void anyValueOfPosixlyCorrectStopsAtTheFirstOperand() {
        assertThat(Getopt.order(null)).isEqualTo(Getopt.Order.PERMUTE);
        assertThat(Getopt.order("")).isEqualTo(Getopt.Order.STOP_AT_OPERAND);
    }

    private static String read(Getopt.Order order, String line) throws UsageException {
        Getopt words = new Getopt(TABLE, "info", List.of(line.split(" ")), order);
        List<String> seen = new ArrayList<>();
        String key;
        while ((key = words.next()) != null) {
            boolean valued = TABLE.stream()
                    .filter(OptionSpec::takesArgument)
                    .map(OptionSpec::key)
                    .anyMatch(key::equals);
            seen.add(valued ? key + "=" + words.argument() : key);
        }
        return (String.join(" ", seen) + " | " + String.join(" ", words.operands())).strip();
    }
}
