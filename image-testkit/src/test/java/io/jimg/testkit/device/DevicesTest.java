package io.jimg.testkit.device;

import io.jimg.BlockDevice;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import io.jimg.device.ConcatenatedDevice;
import io.jimg.device.CopyOnReadDevice;
import io.jimg.device.ForwardingDevice;
import io.jimg.device.KeepAllocatedDevice;
import io.jimg.device.RateLimitedDevice;
import io.jimg.device.ReadOnlyDevice;
import io.jimg.device.SubRangeDevice;
import io.jimg.device.ZeroDetectingDevice;
import io.jimg.testkit.BlockDeviceContract;
import io.jimg.testkit.ModelDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** Every device of the core keeps the contract, and so does the base class with the limits of disks and clusters. */
class DevicesTest {

    @Nested
    class Bytes extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            return ModelDevice.of(content, readOnly);
        }
    }

    @Nested
    class Sectors extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            return filled(new ModelDevice(content.length, new Limits(512, 4096, 4096, 512, 512, 8192)), content);
        }

        @Override
        protected boolean canBeReadOnly() {
            return false;
        }
    }

    /** The size is no multiple of the alignment. */
    @Nested
    class Pages extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            return filled(new ModelDevice(content.length, new Limits(4096, 4096, 4096, 4096, 4096, 4096)), content);
        }

        @Override
        protected boolean canBeReadOnly() {
            return false;
        }
    }

    @Nested
    class ZeroDetecting extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            return new ZeroDetectingDevice(ModelDevice.of(content, readOnly), ZeroMode.MAY_UNMAP);
        }
    }

    @Nested
    class KeepAllocated extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            return new KeepAllocatedDevice(ModelDevice.of(content, readOnly));
        }
    }

    @Nested
    class Forwarding extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            return new ForwardingDevice(ModelDevice.of(content, readOnly)) {};
        }
    }

    @Nested
    class ReadOnly extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            return new ReadOnlyDevice(ModelDevice.of(content, false));
        }

        @Override
        protected boolean canBeWritten() {
            return false;
        }
    }

    @Nested
    class SubRange extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            byte[] around = new byte[content.length + 5000];
            Arrays.fill(around, (byte) 0x55);
            System.arraycopy(content, 0, around, 1234, content.length);
            return new SubRangeDevice(ModelDevice.of(around, readOnly), 1234, content.length);
        }
    }

    @Nested
    class RateLimited extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            return new RateLimitedDevice(ModelDevice.of(content, readOnly), 1L << 34);
        }
    }

    @Nested
    class CopyOnRead extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            return new CopyOnReadDevice(ModelDevice.over(ModelDevice.of(content, true), content.length, 4096));
        }

        @Override
        protected boolean canBeReadOnly() {
            return false;
        }
    }

    @Nested
    class Concatenated extends BlockDeviceContract {
        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) {
            int first = 70_000;
            return new ConcatenatedDevice(List.of(
                    ModelDevice.of(Arrays.copyOf(content, first), true),
                    new ModelDevice(0),
                    ModelDevice.of(Arrays.copyOfRange(content, first, content.length), true)));
        }

        @Override
        protected boolean canBeWritten() {
            return false;
        }
    }

    private static BlockDevice filled(BlockDevice device, byte[] content) throws IOException {
        device.write(ByteBuffer.wrap(content), 0);
        return device;
    }
}
