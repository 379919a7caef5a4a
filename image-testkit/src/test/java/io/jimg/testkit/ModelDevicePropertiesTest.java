package io.jimg.testkit;

import io.jimg.BlockDevice;
import io.jimg.Limits;
import io.jimg.device.CopyOnReadDevice;
import io.jimg.device.ForwardingDevice;
import io.jimg.device.SubRangeDevice;
import java.io.IOException;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

class ModelDevicePropertiesTest extends DeviceProperties<ModelDevicePropertiesTest.Shape> {
    private static final int SIZE = (1 << 20) + 1536;

    enum Shape {
        BYTES(Limits.BYTES),
        SECTORS(new Limits(512, 512, 4096, 512, 512, 8192)),
        PAGES(new Limits(4096, 4096, 4096, 4096, 4096, 4096)),
        CLUSTERS(Limits.BYTES.withCluster(64 << 10)),
        LAYER(Limits.BYTES),
        COPY_ON_READ(Limits.BYTES),
        WINDOW(new Limits(512, 512, 512, 512, 512, 65536));

        private final Limits limits;

        Shape(Limits limits) {
            this.limits = limits;
        }
    }

    @Override
    protected Arbitrary<Shape> configurations() {
        return Arbitraries.of(Shape.class);
    }

    @Override
    protected Specimen prepare(Shape shape) throws IOException {
        byte[] initial = new byte[SIZE];
        BlockDevice device = switch (shape) {
            case LAYER -> layer(initial);
            case COPY_ON_READ -> new CopyOnReadDevice(layer(initial));
            case WINDOW -> new SubRangeDevice(new ModelDevice(SIZE + 3000, shape.limits), 1000, SIZE);
            default -> new ModelDevice(SIZE, shape.limits);
        };
        return new Specimen() {
            @Override
            public byte[] initialContent() {
                return initial;
            }

            @Override
            public BlockDevice open() {
                // The array lives as long as the device: closing is left out.
                return new Unclosed(device);
            }
        };
    }

    /** A layer over one that ends inside a unit; puts into {@code content} what it reads as. */
    private static BlockDevice layer(byte[] content) {
        byte[] beneath = Step.bytes(5, SIZE / 2 + 77);
        System.arraycopy(beneath, 0, content, 0, beneath.length);
        return ModelDevice.over(ModelDevice.of(beneath, true), SIZE, 4096);
    }

    private static final class Unclosed extends ForwardingDevice {
        Unclosed(BlockDevice inner) {
            super(inner);
        }

        @Override
        public void close() {}
    }
}
