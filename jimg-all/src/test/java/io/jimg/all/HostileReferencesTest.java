package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Info;
import io.jimg.qcow2.Qcow2;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.storage.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an image names: whatever it is called, nothing is opened that the gate does not permit. */
class HostileReferencesTest {
    private static final Images IMAGES = Images.standard();

    @TempDir
    Path folder;

    private Path inside;

    @BeforeEach
    void makeFiles() throws IOException {
        inside = Files.createDirectory(folder.resolve("inside"));
        Files.write(
                folder.resolve("secret"),
                "the secret of somebody else. ".repeat(1000).getBytes());
        Files.write(inside.resolve("base.raw"), new byte[1 << 16]);
        create("plain.qcow2", "", "");
    }

    private Path create(String name, String backing, String format) throws IOException {
        Path file = inside.resolve(name);
        DottedOptions text = DottedOptions.EMPTY;
        try (FileStorage storage = FileStorage.create(file)) {
            if (!backing.isEmpty()) {
                text = text.with("backing_file", backing);
            }
            if (!format.isEmpty()) {
                text = text.with("backing_fmt", format);
            }
            IMAGES.format("qcow2")
                    .create(storage, new CreateRequest(1 << 16, Qcow2.CREATE.parse(text), ignored -> storage));
        }
        return file;
    }

    /** {@code IN} stands for the folder that the gate permits, {@code OUT} for the one around it. */
    private String placed(String name) {
        return name.replace("IN", inside.toString()).replace("OUT", folder.toString());
    }

    /** Backing names that lead out of the folder, most of them through something inside it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "OUT/secret",
                "../secret",
                "file:OUT/secret",
                "IN/../secret",
                "json:{'driver':'raw','file':{'driver':'file','filename':'OUT/secret'}}",
                "json:{'file.filename':'OUT/secret'}",
                "json:{'driver':'file','filename':'OUT/secret'}",
                "json:{'driver':'raw','file':{'driver':'raw','file':{'driver':'file','filename':'OUT/secret'}}}",
                "json:{'driver':'raw','file':{'driver':'blkdebug','image.filename':'OUT/secret'}}",
                "json:{'driver':'raw','file':{'driver':'blkdebug','config':'OUT/secret','image.filename':'IN/base.raw'}}",
                "blkdebug:OUT/secret:IN/base.raw",
                "blkdebug::OUT/secret",
                "json:{'driver':'qcow2','file.filename':'IN/plain.qcow2','backing.driver':'raw',"
                        + "'backing.file.filename':'OUT/secret'}",
                "json:{'driver':'qcow2','file.filename':'IN/plain.qcow2','backing':{'driver':'raw','file':{"
                        + "'driver':'file','filename':'OUT/secret'}}}",
                "json:{'driver':'qcow2','file.filename':'IN/plain.qcow2','backing':{'driver':'qcow2',"
                        + "'file.filename':'IN/plain2.qcow2','backing.file.filename':'OUT/secret'}}",
                "json:{'driver':'raw','file':{'driver':'quorum','vote-threshold':1,'children':[{'driver':'file',"
                        + "'filename':'IN/base.raw'},{'driver':'file','filename':'OUT/secret'}]}}",
                "json:{'driver':'throttle','file':{'driver':'raw','file.filename':'OUT/secret'}}",
                "json:{'driver':'copy-on-read','file':{'driver':'raw','file.filename':'OUT/secret'}}",
                "json:{'driver':'luks','file.filename':'IN/base.raw','header.driver':'file','header.filename':'OUT/secret'}",
                "json:{'driver':'host_device','filename':'/dev/zero'}",
                "json:{'driver':'null-co'}",
                "null-co://",
                "nbd://127.0.0.1:1/x",
                "nbd:unix:OUT/secret:exportname=x",
                "json:{'driver':'nbd','server.type':'unix','server.path':'OUT/secret'}"
            })
    void nothingIsOpenedThatTheGateDoesNotPermit(String hostile) throws Exception {
        create("plain2.qcow2", "", "");
        Path image = create("top.qcow2", placed(hostile.replace('\'', '"')), "");
        for (OpenGate gate : List.of(OpenGate.DENY, OpenGate.within(inside))) {
            assertThatThrownBy(() -> read(image, gate))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            refused ->
                                    assertThat(refused.kind()).as("%s", refused).isEqualTo(ErrorKind.DENIED))
                    .hasMessageContaining("not permitted")
                    .hasMessageNotContaining("somebody else");
        }
    }

    private static void read(Path image, OpenGate gate) throws IOException {
        try (DiskImage opened =
                IMAGES.open(image, OpenOptions.DEFAULT.withFormat("qcow2").withGate(gate))) {
            opened.read(ByteBuffer.allocate(4096), 0);
        }
    }

    /** What the caller says of a backing file is the caller's wish, and no gate is asked. */
    @Test
    void theCallersOwnOptionsNeedNoGate() throws IOException {
        Path image = create("top.qcow2", "nowhere", "raw");
        OpenOptions options = OpenOptions.DEFAULT
                .withFormat("qcow2")
                .withDriverOptions(DottedOptions.EMPTY
                        .with("backing.driver", "raw")
                        .with("backing.file.filename", folder.resolve("secret").toString()));
        ByteBuffer content = ByteBuffer.allocate(10);
        try (DiskImage opened = IMAGES.open(image, options)) {
            opened.read(content, 0);
        }
        assertThat(new String(content.array())).isEqualTo("the secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"OUT/secret", "json:{\"file.filename\":\"OUT/secret\"}"})
    void aChainIsToldNoFurtherThanTheGatePermits(String backing) throws IOException {
        Path image = create("top.qcow2", placed(backing), "raw");
        for (OpenGate gate : List.of(OpenGate.DENY, OpenGate.within(inside))) {
            assertThatThrownBy(() -> Info.chain(IMAGES, image.toString(), OpenOptions.DEFAULT.withGate(gate))
                            .run())
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.DENIED));
        }
    }

    /** A data file's name is a literal name, whatever it looks like (CVE-2024-4467). */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"OUT/secret\"}}",
                "file:OUT/secret",
                "nbd://127.0.0.1:1/x"
            })
    void aDataFilesNameIsLiteral(String name) throws IOException {
        List<OpenGate.Request> asked = new ArrayList<>();
        Path image = inside.resolve("data.qcow2");
        Path data = inside.resolve("data.raw");
        String placed = placed(name);
        try (FileStorage storage = FileStorage.create(image)) {
            IMAGES.format("qcow2")
                    .create(
                            storage,
                            new CreateRequest(
                                    1 << 16,
                                    Qcow2.CREATE.parse(DottedOptions.EMPTY.with("data_file", placed)),
                                    ignored -> FileStorage.create(data)));
        }
        assertThatThrownBy(() -> read(image, request -> {
                    asked.add(request);
                    OpenGate.ALLOW.permit(request);
                }))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refused -> assertThat(refused.kind()).as("%s", refused).isEqualTo(ErrorKind.NOT_FOUND));
        assertThat(asked).singleElement().satisfies(request -> {
            assertThat(request.protocol()).isEqualTo("file");
            assertThat(request.name()).isEqualTo(placed);
        });
    }

    /** Chains in a circle end: one image that is its own base, two that are each other's, one by another name. */
    @Test
    void circlesAreToldOf() throws Exception {
        Path self = create("self.qcow2", "self.qcow2", "qcow2");
        Path first = create("first.qcow2", "second.qcow2", "qcow2");
        create("second.qcow2", "first.qcow2", "qcow2");
        Path linked = create("linked.qcow2", "link.qcow2", "qcow2");
        Files.createSymbolicLink(inside.resolve("link.qcow2"), linked);
        Path json = create("json.qcow2", placed("json:{\"driver\":\"qcow2\",\"file.filename\":\"IN/json.qcow2\"}"), "");
        for (Path image : List.of(self, first, linked, json)) {
            assertTimeoutPreemptively(
                    Duration.ofSeconds(20),
                    () -> assertThatThrownBy(() -> read(image, OpenGate.ALLOW))
                            .as("%s", image)
                            .hasMessageContaining("is its own backing file"));
        }
    }
}
