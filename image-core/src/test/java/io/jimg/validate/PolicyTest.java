package io.jimg.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTest {
    @ParameterizedTest
    @EnumSource
    void builtInPoliciesGrowMilder(Rule rule) {
        assertThat(Policy.strict().severity(rule))
                .isGreaterThanOrEqualTo(Policy.cloud().severity(rule));
        assertThat(Policy.cloud().severity(rule))
                .isGreaterThanOrEqualTo(Policy.trusted().severity(rule));
        assertThat(Policy.strict().limit(rule))
                .isLessThanOrEqualTo(Policy.cloud().limit(rule));
        assertThat(Policy.cloud().limit(rule))
                .isLessThanOrEqualTo(Policy.trusted().limit(rule));
    }

    @ParameterizedTest
    @EnumSource
    void rulesHaveIdsAndSayWhatToDo(Rule rule) {
        assertThat(Rule.find(rule.id())).isSameAs(rule);
        assertThat(rule.id()).matches("[a-z]+(-[a-z]+)*");
        assertThat(rule.remedy()).endsWith(".");
        assertThat(rule.title()).doesNotEndWith(".");
    }

    @Test
    void policyStandsOnAnother() throws IOException {
        Policy policy = Policy.parse("mine", """
                # ours
                extends = trusted
                snapshots = error   # no old states
                virtual-size = warning 1.5G
                """);
        assertThat(policy.severity(Rule.SNAPSHOTS)).isEqualTo(Severity.ERROR);
        assertThat(policy.severity(Rule.VIRTUAL_SIZE)).isEqualTo(Severity.WARNING);
        assertThat(policy.limit(Rule.VIRTUAL_SIZE)).isEqualTo(3L << 29);
        assertThat(policy.severity(Rule.SUBFORMAT)).isEqualTo(Severity.OFF);
        assertThat(policy.name()).isEqualTo("mine");
    }

    @Test
    void withoutABaseEverythingIsAnError() throws IOException {
        Policy policy = Policy.parse("empty", "\ufeff");
        for (Rule rule : Rule.values()) {
            assertThat(policy.severity(rule)).isEqualTo(Severity.ERROR);
            assertThat(policy.limit(rule)).isEqualTo(Policy.strict().limit(rule));
        }
    }

    @Test
    void ruleThatIsOffHasNoLimit() throws IOException {
        assertThat(Policy.parse("x", "virtual-size = off").limit(Rule.VIRTUAL_SIZE))
                .isEqualTo(Policy.UNLIMITED);
        assertThat(Policy.parse("x", "virtual-size = error unlimited").limit(Rule.VIRTUAL_SIZE))
                .isEqualTo(Policy.UNLIMITED);
        assertThat(Policy.strict().withLimit(Rule.VIRTUAL_SIZE, 5).limit(Rule.VIRTUAL_SIZE))
                .isEqualTo(5);
        assertThat(Policy.strict().with(Rule.LEAK, Severity.NOTE).severity(Rule.LEAK))
                .isEqualTo(Severity.NOTE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "backing-fil = error; line 1: unknown rule 'backing-fil'",
                "backing-file = fatal; line 1: unknown severity 'fatal'",
                "backing-file; line 1: expected 'rule = severity'",
                "backing-file = error 5; unexpected '5' behind the severity of 'backing-file'",
                "virtual-size = error lots; the limit of 'virtual-size' is 'lots', expected a size",
                "luks-iterations = error 4K; the limit of 'luks-iterations' is '4K', expected a number",
                "virtual-size = error 1 2; unexpected '1 2'",
                "extends = nothing; unknown policy 'nothing'",
                "leak = off\\nextends = cloud; line 2: 'extends' must come once, before any rule",
                "leak = off\\nleak = error; line 2: the rule 'leak' stands there twice"
            })
    void mistakesAreNamed(String text, String sentence) {
        assertThatThrownBy(() -> Policy.parse("p", text.replace("\\n", "\n")))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.BAD_OPTION))
                .hasMessageContaining(sentence);
    }

    @Test
    void filesAreRead(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("p"), "extends = cloud\r\ndirty = off\r\n");
        assertThat(Policy.of(file.toString()).severity(Rule.DIRTY)).isEqualTo(Severity.OFF);
        assertThat(Policy.of("cloud").name()).isEqualTo("cloud");
        assertThatThrownBy(() -> Policy.of(folder.resolve("absent").toString())).isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/etc/passwd",
                "..",
                "a/../../b",
                "json:{}",
                "nbd:h:1",
                "C:\\x",
                "a\nb",
                "\\\\host\\share",
                "./a:b/../c"
            })
    void namesThatLeadElsewhere(String name) {
        assertThat(Names.danger(name)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"base.qcow2", "folder/base.qcow2", "./a", "a..b", "", "x/y:z"})
    void namesBesideTheImage(String name) {
        assertThat(Names.danger(name)).isNull();
    }

    @Test
    void whatAnImageSaysIsQuotedWithoutControlCharacters() {
        assertThat(Inspection.quoted("a\n\u001b[2J\u202eb")).isEqualTo("'a\\u000a\\u001b[2J\\u202eb'");
        assertThat(Inspection.quoted("x".repeat(300))).hasSize(200 + 5);
    }
}
