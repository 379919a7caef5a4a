package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.capability.Snapshots;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Snapshots are made and deleted, and the disk grows, while threads write: no write is lost, and a snapshot stays what
 * it was.
 */
class ChangesWhileWritingTest {
    private static final int THREADS = 3;
    private static final int SHARE = 400_000;
    private static final int ROUNDS = 8;

    private volatile boolean enough;

    @Test
    void noWriteIsLost() throws Exception {
        Configuration configuration = new Configuration(
                "cluster_size=4096",
                "",
                (THREADS + 1) * SHARE / 512 * 512,
                Configuration.Layer.NONE,
                false,
                Configuration.Start.EMPTY);
        MemoryStorage file = new MemoryStorage("image.qcow2");
        new Making(configuration, 1).make(file);
        byte[] model = new byte[THREADS * SHARE];
        try (DiskImage image = Opening.forWriting().open(new KeptStorage(file))) {
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                List<Future<?>> writers = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    writers.add(threads.submit(writer(image, model, i)));
                }
                try {
                    change(image);
                } finally {
                    enough = true;
                }
                for (Future<?> each : writers) {
                    each.get();
                }
            } finally {
                threads.shutdownNow();
            }
            assertThat(Arrays.equals(read(image, model.length), model)).isTrue();
        }
        Judge.clean(file);
    }

    /** Writes at random places of its share. */
    private Callable<Void> writer(DiskImage image, byte[] model, int number) {
        return () -> {
            Random random = new Random(number);
            int start = number * SHARE;
            for (int i = 0; !enough; i++) {
                byte[] bytes = new byte[1 + random.nextInt(30_000)];
                Arrays.fill(bytes, (byte) (i + 1));
                int at = start + random.nextInt(SHARE - bytes.length);
                image.write(ByteBuffer.wrap(bytes), at);
                System.arraycopy(bytes, 0, model, at, bytes.length);
            }
            return null;
        };
    }

    private static void change(DiskImage image) throws IOException {
        Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
        Resizable resizable = image.capability(Resizable.class).orElseThrow();
        for (int round = 0; round < ROUNDS; round++) {
            Snapshot made = snapshots.create("round " + round);
            byte[] once;
            try (DiskImage snapshot = snapshots.open(made.id())) {
                once = read(snapshot, THREADS * SHARE);
            }
            resizable
                    .resize(image.size() + 512L * (1 + round % 20), Preallocation.METADATA, false)
                    .run();
            try (DiskImage snapshot = snapshots.open(made.id())) {
                assertThat(Arrays.equals(read(snapshot, THREADS * SHARE), once))
                        .as("a snapshot stays what it was")
                        .isTrue();
            }
            if (round % 3 != 0) {
                snapshots.delete(made.id());
            }
        }
    }

    private static byte[] read(DiskImage image, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        image.read(bytes, 0);
        return bytes.array();
    }
}
