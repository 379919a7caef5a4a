package io.jimg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values as QEMU 10 reads them; each was tried with the real tool. */
@Tag("quick")
class OptionTypeTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1.5K, 1536",
        "0x10, 16",
        "0x1e, 30",
        ".5M, 524288",
        "5.M, 5242880",
        "' 1M', 1048576",
        "1k, 1024",
        "1b, 1",
        "010, 10",
        "1.0, 1",
        "1.00000001K, 1024",
        "0.5004K, 512",
        "0.5006K, 513",
        "+5K, 5120",
        "7E, 8070450532247928832",
        "9223372036854775807, 9223372036854775807"
    })
    void sizesAreRead(String text, long bytes) {
        assertThat(OptionType.parseSize(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "abc", "1.5", "0x10K", "0x1fk", "0x", "1e3", "1M ", "1kB", "1.5b", "1.5.1K", "1MM", ".", "K", "- 1"
            })
    void whatIsNoSizeIsRefused(String text) {
        assertThat(OptionType.parseSize(text)).isEqualTo(OptionType.SIZE_MALFORMED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "8E", "16E", "99999999999999999999", "0xffffffffffffffff"})
    void whatIsOutOfRangeIsToldApart(String text) {
        assertThat(OptionType.parseSize(text)).isEqualTo(OptionType.SIZE_TOO_LARGE);
    }

    @Test
    void aSwitchHasFourSpellings() throws ImageException {
        assertThat(OptionType.BOOL.parse("x", "on")).isTrue();
        assertThat(OptionType.BOOL.parse("x", "no")).isFalse();
        assertThatThrownBy(() -> OptionType.BOOL.parse("x", "maybe"))
                .isInstanceOf(ImageException.class)
                .hasMessage("Parameter 'x' expects 'on' or 'off'");
    }

    @Test
    void aChoiceNamesWhatItRefuses() throws ImageException {
        OptionType<ZeroMode> type = OptionType.choice(ZeroMode.values());
        assertThat(type.parse("mode", "keep-allocated")).isEqualTo(ZeroMode.KEEP_ALLOCATED);
        assertThatThrownBy(() -> type.parse("mode", "KEEP"))
                .hasMessage("Parameter 'mode' does not accept value 'KEEP'");
    }
}
