package io.jimg.testkit;

import io.jimg.BlockDevice;
import io.jimg.Limits;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

class ModelDevicePropertiesTest extends DeviceProperties<ModelDevicePropertiesTest.Shape> {
    private static final int SIZE = (1 << 20) + 1536;

    enum Shape {
        BYTES(Limits.BYTES),
        SECTORS(new Limits(512, 512, 4096, 512, 512, 8192)),
        PAGES(new Limits(4096, 4096, 4096, 4096, 4096, 4096)),
        CLUSTERS(Limits.BYTES.withCluster(64 << 10)),
        LAYER(Limits.BYTES);

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
    protected Specimen prepare(Shape shape) {
        byte[] initial = new byte[SIZE];
        ModelDevice device;
        if (shape == Shape.LAYER) {
            byte[] beneath = Step.bytes(5, SIZE / 2 + 77);
            System.arraycopy(beneath, 0, initial, 0, beneath.length);
            device = ModelDevice.over(ModelDevice.of(beneath, true), SIZE, 4096);
        } else {
            device = new ModelDevice(SIZE, shape.limits);
        }
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

    private static final class Unclosed extends io.jimg.device.ForwardingDevice {
        Unclosed(BlockDevice inner) {
            super(inner);
        }

        @Override
        public void close() {}
    }
}
