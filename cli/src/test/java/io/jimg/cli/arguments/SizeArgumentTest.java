package io.jimg.cli.arguments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.cli.process.CommandException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes and sentences as qemu-img 10 has them. */
class SizeArgumentTest {

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "1b, 1",
        "1B, 1",
        "1k, 1024",
        "1K, 1024",
        "1.5k, 1536",
        "1t, 1099511627776",
        "1e, 1152921504606846976",
        "0x10, 16",
        "0X1f, 31",
        "0x1B, 27",
        "0x10e, 270",
        "010, 10",
        "+1k, 1024",
        "' 1k', 1024",
        ".5k, 512",
        "1., 1",
        "1.b, 1",
        "1.0, 1",
        "1.k, 1024",
        "0.0001k, 0",
        "0.00048828124k, 0",
        "0.00048828125k, 1",
        "1.0005k, 1025",
        "1.9k, 1946",
        "3.3333333333M, 3495253",
        "1.999999k, 2048",
        "0.9999999999999999999999, 1",
        "7.9999999999E, 9223372036739483648",
        "9223372036854775807, 9223372036854775807",
        "0x7fffffffffffffff, 9223372036854775807",
    })
    void reads(String word, long expected) throws CommandException {
        assertThat(SizeArgument.parse("start offset", word)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", " ", ".", "+", "-", "1kk", "1KB", "1KiB", "1k ", "1 k", "1.5", "1.5b", "0.5b", "1e3", "0x", "0xg",
                "0x10k", "0x1.8k", "inf", "nan", "1,5k", "-1k", "-1.5", "-0x10", "--1", "+-1", "1..5k", "k", "\u0661k",
                "1\u212a"
            })
    void refusesWhatIsNoSize(String word) {
        assertThatThrownBy(() -> SizeArgument.parse("start offset", word))
                .hasMessage("Invalid start offset specified: '" + word + "'.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-1",
                "-0",
                " -1",
                "8E",
                "16E",
                "9223372036854775808",
                "99999999999999999999",
                "0x8000000000000000",
                "0x10000000000000000"
            })
    void refusesWhatIsTooLarge(String word) {
        assertThatThrownBy(() -> SizeArgument.parse("start offset", word))
                .hasMessage("Invalid start offset specified. Must be between 0 and 9223372036854775807.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "17", "-1"})
    void refusesWhatTheBoundsLeaveOut(String word) {
        assertThatThrownBy(() -> SizeArgument.parse("number of coroutines", word, 1, 16))
                .hasMessage("Invalid number of coroutines specified. Must be between 1 and 16.");
    }
}
