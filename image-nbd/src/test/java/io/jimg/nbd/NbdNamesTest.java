package io.jimg.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("quick")
class NbdNamesTest {
    private final NbdProtocol protocol = new NbdProtocol();

    @ParameterizedTest
    @CsvSource({
        "nbd://host, nbd://host:10809",
        "nbd://host:1/, nbd://host:1",
        "nbd+tcp://host:1/exp, nbd://host:1/exp",
        "nbd://host:1///a/b, nbd://host:1/a/b",
        "nbd://[::1]:1/x, nbd://[::1]:1/x",
        "nbd://[::1], nbd://[::1]:10809",
        "nbd://host/a%20b#frag, nbd://host:10809/a b",
        "nbd+unix:///x?socket=/s, nbd+unix:///x?socket=/s",
        "nbd+unix://?socket=%2Fs, nbd+unix://?socket=/s",
        "nbd:host:1, nbd://host:1",
        "nbd:host:1:exportname=a:b, nbd://host:1/a:b",
        "nbd:[::1]:1, nbd://[::1]:1",
        "nbd:unix:/s, nbd+unix://?socket=/s",
        "nbd:unix:/s:exportname=x, nbd+unix:///x?socket=/s"
    })
    void readsNames(String name, String url) throws IOException {
        assertThat(protocol.nameOf(protocol.schema().parse(protocol.parseName(name))))
                .isEqualTo(url);
    }

    @ParameterizedTest
    @CsvSource({
        "nbd://, No valid URL specified",
        "nbd:///export, No valid URL specified",
        "nbd://host:port/, No valid URL specified",
        "nbd://host/?a=b, No valid URL specified",
        "nbd://host/%2, No valid URL specified",
        "nbd://host/%zz, No valid URL specified",
        "nbd+unix:///x, No valid URL specified",
        "nbd+unix://host/x?socket=/s, No valid URL specified",
        "nbd+unix:///x?socket=/s&a=b, No valid URL specified",
        "nbd:host, error parsing address 'host'"
    })
    void refusesOthers(String name, String sentence) {
        assertThatThrownBy(() -> protocol.parseName(name))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(ErrorKind.BAD_OPTION))
                .hasMessage(sentence);
    }

    @Test
    void hasANameBeforeItIsKnownWhetherItHasAnAddress() throws IOException {
        assertThat(protocol.nameOf(protocol.schema().parse(protocol.parseName("nbd:"))))
                .isEqualTo("nbd");
    }
}
