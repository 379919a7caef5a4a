package io.jimg.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.spi.Doc;
import io.jimg.spi.JsonWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Documents as qemu-img 10 writes them. */
class WritersTest {
    private static final Doc BITMAP =
            Doc.create().put("name", "b1").put("granularity", 65536).put("flags", List.of("auto"));
    private static final Doc BARE_BITMAP =
            Doc.create().put("name", "b2").put("granularity", 65536).put("flags", List.of());
    private static final Doc QCOW2 = Doc.create()
            .put("compat", "1.1")
            .put("compression-type", "zlib")
            .put("extended-l2", false)
            .put("lazy-refcounts", false)
            .put("corrupt", false)
            .put("refcount-bits", 16)
            .put("bitmaps", List.of(BITMAP, BARE_BITMAP));

    @Test
    void textIsNestedAndNumbered() {
        StringBuilder text = new StringBuilder();
        HumanWriter.write(text, QCOW2, 1);
        assertThat(text).hasToString("""
                            compat: 1.1
                            compression type: zlib
                            lazy refcounts: false
                            bitmaps:
                                [0]:
                                    flags:
                                        [0]: auto
                                    name: b1
                                    granularity: 65536
                                [1]:
                                    flags:
                                    name: b2
                                    granularity: 65536
                            refcount bits: 16
                            corrupt: false
                            extended l2: false
                        """);
    }

    @Test
    void jsonIsInQemusOrder() {
        Doc info = Doc.create()
                .put("children", List.of())
                .put("filename", "a")
                .put("format", "qcow2")
                .put("dirty-flag", false)
                .put("actual-size", 397312)
                .put("virtual-size", 67108864)
                .put("cluster-size", 65536)
                .put("backing-filename", "b")
                .put("full-backing-filename", "./b")
                .put("backing-filename-format", "qcow2")
                .put("format-specific", Doc.create().put("type", "x").put("data", Doc.EMPTY));
        assertThat(JsonWriter.pretty(info)).isEqualTo("""
                        {
                            "children": [
                            ],
                            "backing-filename-format": "qcow2",
                            "virtual-size": 67108864,
                            "filename": "a",
                            "cluster-size": 65536,
                            "format": "qcow2",
                            "actual-size": 397312,
                            "format-specific": {
                                "type": "x",
                                "data": {
                                }
                            },
                            "full-backing-filename": "./b",
                            "backing-filename": "b",
                            "dirty-flag": false
                        }""");
    }

    @Test
    void jsonNamesAreOneLine() {
        Doc name = Doc.create()
                .put("driver", "raw")
                .put("offset", 512)
                .put("size", 1024)
                .put("file", Doc.create().put("driver", "file").put("filename", "r.raw"));
        assertThat(JsonWriter.oneLine(name))
                .isEqualTo("{\"offset\": 512, \"driver\": \"raw\", \"size\": 1024, "
                        + "\"file\": {\"driver\": \"file\", \"filename\": \"r.raw\"}}");
    }

    @Test
    void jsonEscapesAllButPrintableAscii() {
        assertThat(JsonWriter.oneLine("\u00e9\"\\\u007f\t\u0001\ud83d\ude00 ~"))
                .isEqualTo("\"\\u00E9\\\"\\\\\\u007F\\t\\u0001\\uD83D\\uDE00 ~\"");
    }

    @Test
    void listsOfDocumentsNest() {
        assertThat(JsonWriter.pretty(List.of(Doc.create().put("a", true), Doc.EMPTY)))
                .isEqualTo("[\n    {\n        \"a\": true\n    },\n    {\n    }\n]");
    }
}
