package io.jimg.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.process.Console;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @Test
    void barOfQemuImgMovesByPercents() {
        Progress bar = new Progress(console("qemu-img", true), true, false);
        bar.begin();
        bar.at(1, 1000);
        bar.at(500, 1000);
        bar.full();
        bar.leave();
        assertThat(written()).isEqualTo("    (0.00/100%)\r    (50.00/100%)\r    (100.00/100%)\r\n");
    }

    @Test
    void quietSaysNothing() {
        Progress bar = new Progress(console("jimg", true), true, true);
        bar.begin();
        bar.at(500, 1000);
        bar.full();
        bar.leave();
        assertThat(written()).isEmpty();
    }

    @Test
    void onTerminalRateAndTimeLeftAreToldUnasked() {
        Progress bar = new Progress(console("jimg", true), false, false);
        bar.begin();
        bar.at(500, 1000);
        bar.leave();
        assertThat(written())
                .startsWith("\r\u001b[K  50.00%  ")
                .contains("B/s  0:0")
                .endsWith("\r\u001b[K");
    }

    @Test
    void elsewhereNothingIsToldUnasked() {
        Progress bar = new Progress(console("jimg", false), false, false);
        bar.begin();
        bar.at(500, 1000);
        bar.leave();
        assertThat(written()).isEmpty();
    }

    @Test
    void richLineCountsFromTheRateSoFar() {
        assertThat(Progress.richLine(100L << 20, 400L << 20, 25_000_000_000L))
                .isEqualTo("  25.00%  4 MiB/s  1:15 left");
        assertThat(Progress.richLine(0, 400, 1)).isEqualTo("  0.00%  0 B/s");
    }

    private Console console(String program, boolean terminal) {
        return new Console(program, out, java.io.OutputStream.nullOutputStream(), terminal);
    }

    private String written() {
        return out.toString(StandardCharsets.UTF_8);
    }
}
