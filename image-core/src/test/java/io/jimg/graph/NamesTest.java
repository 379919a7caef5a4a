package io.jimg.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ImageException;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("quick")
class NamesTest {

    @Test
    void aColonBeforeASlashIsAProtocol() {
        assertThat(FileNames.protocolPrefix("nbd://host/x")).isEqualTo("nbd");
        assertThat(FileNames.protocolPrefix("dir/a:b")).isNull();
        assertThat(FileNames.protocolPrefix("plain")).isNull();
    }

    @Test
    void relativeNamesAreRelativeToTheirReferrer() throws ImageException {
        assertThat(FileNames.resolve("/images/top.qcow2", "base.raw")).isEqualTo("/images/base.raw");
        assertThat(FileNames.resolve("top.qcow2", "base.raw")).isEqualTo("base.raw");
        assertThat(FileNames.resolve("/images/top.qcow2", "/other/base.raw")).isEqualTo("/other/base.raw");
        assertThat(FileNames.resolve("/images/top.qcow2", "nbd://host/x")).isEqualTo("nbd://host/x");
        assertThatThrownBy(() -> FileNames.resolve("json:{}", "base.raw"))
                .hasMessageContaining("Cannot use relative backing file names");
    }

    @Test
    void jsonFlattensToDottedKeys() throws ImageException {
        assertThat(JsonNames.parse(
                                "json:{'driver':'qcow2', \"file\":{\"filename\":\"a\",\"locking\":true}, \"backing\":null, \"n\":[1,{\"x\":2}]}")
                        .entries())
                .isEqualTo(Map.of(
                        "driver", "qcow2",
                        "file.filename", "a",
                        "file.locking", "on",
                        "backing", "",
                        "n.0", "1",
                        "n.1.x", "2"));
    }

    @Test
    void whatIsNoObjectIsRefused() {
        for (String name : new String[] {"json:[1]", "json:", "json:{", "json:{\"a\":1} x", "json:3", "json:{a:1}"}) {
            assertThatThrownBy(() -> JsonNames.parse(name)).as(name).isInstanceOf(ImageException.class);
        }
    }

    @Test
    void whatIsWrongIsSaidInQemusWords() {
        assertThatThrownBy(() -> JsonNames.parse("json:{"))
                .hasMessage("Could not parse the JSON options: JSON parse error, premature EOI");
        assertThatThrownBy(() -> JsonNames.parse("json:{\"a\":1} x")).hasMessageStartingWith("Could not parse");
    }

    @Test
    void aTowerOfBracketsIsRefused() {
        assertThatThrownBy(() -> JsonNames.parse("json:" + "{\"a\":".repeat(100_000)))
                .isInstanceOf(ImageException.class);
    }
}
