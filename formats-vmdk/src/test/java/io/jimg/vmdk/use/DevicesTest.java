package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.spi.OpenGate;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.BareContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks that lie on devices: only those that say so, and only where the gate lets them. */
class DevicesTest {
    private static final int SIZE = 64 * 512;

    private final MemoryStorage device = new MemoryStorage("/dev/disk");
    private final List<String> asked = new ArrayList<>();
    private boolean permitted = true;

    /** A device, as far as a driver can tell: it does not grow. */
    private static final class Device extends ForwardingStorage {
        Device(Storage inner) {
            super(inner);
        }

        @Override
        public boolean growsWithZeroes() {
            return false;
        }

        @Override
        public void close() {}
    }

    private final class Context implements BareContext {
        @Override
        public boolean writable() {
            return true;
        }

        @Override
        public Storage openStorage(String child, OpenGate.Role role, @Nullable String name) throws IOException {
            asked.add(child + " " + role + " " + name);
            if (!permitted) {
                throw new ImageException(ErrorKind.DENIED, "not permitted");
            }
            return new Device(device);
        }
    }

    private DiskImage open(String type, String line) throws IOException {
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        byte[] text = ("# Disk DescriptorFile\nversion=1\nCID=12\nparentCID=ffffffff\ncreateType=\"" + type + "\"\n"
                        + line + "\n")
                .getBytes(StandardCharsets.US_ASCII);
        file.write(ByteBuffer.wrap(text), 0);
        return InMemory.format().open(file, new Context());
    }

    @ParameterizedTest
    @ValueSource(strings = {"fullDevice", "partitionedDevice", "vmfsRaw", "vmfsRDM", "vmfsPassthroughRawDeviceMap"})
    void areReadAndWrittenBehindTheGate(String type) throws IOException {
        byte[] content = Disks.content(SIZE, 3);
        device.write(ByteBuffer.wrap(content), 0);
        try (DiskImage image = open(type, "RW 48 FLAT \"/dev/disk\" 16")) {
            assertThat(asked).containsExactly("extents.0 EXTENT /dev/disk");
            Disks.same(Disks.read(image), java.util.Arrays.copyOfRange(content, 16 * 512, SIZE));
            image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 512);
        }
        ByteBuffer written = ByteBuffer.allocate(3);
        device.read(written, 17 * 512);
        assertThat(written.array()).containsExactly(1, 2, 3);
    }

    @Test
    void areNotOpenedWhereTheGateDenies() {
        permitted = false;
        assertThatThrownBy(() -> open("fullDevice", "RW 48 FLAT \"/dev/disk\" 16"))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        denied -> assertThat(denied.kind()).isEqualTo(ErrorKind.DENIED));
    }

    @ParameterizedTest
    @ValueSource(strings = {"monolithicFlat", "vmfs", "custom"})
    void otherDisksHaveNoBusinessWithDevices(String type) {
        assertThatThrownBy(() -> open(type, "RW 48 FLAT \"/dev/disk\" 16")).hasMessageContaining("is a device");
    }
}
