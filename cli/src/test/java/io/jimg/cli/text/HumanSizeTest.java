package io.jimg.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Figures as qemu-img 10 prints them. */
class HumanSizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "512, 512 B",
        "999, 999 B",
        "1000, 0.977 KiB",
        "1024, 1 KiB",
        "1536, 1.5 KiB",
        "10240, 10 KiB",
        "10752, 10.5 KiB",
        "102912, 100 KiB",
        "1023488, 1e+03 KiB",
        "1024000, 0.977 MiB",
        "1047552, 0.999 MiB",
        "3420160, 3.26 MiB",
        "5120000, 4.88 MiB",
        "67109376, 64 MiB",
        "511999488, 488 MiB",
        "1048575488, 1e+03 MiB",
        "1048576000, 0.977 GiB",
        "9223372036854775807, 8 EiB",
    })
    void threeDigitsAndAUnit(long bytes, String expected) {
        assertThat(HumanSize.of(bytes)).isEqualTo(expected);
    }
}
