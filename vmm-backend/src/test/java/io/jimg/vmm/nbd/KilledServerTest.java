package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.nbd.ConnectionLostException;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.NbdClient;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers that end while they are written to, by SIGKILL or in order: what a flush covered is there, and qemu-img finds
 * leaked clusters at worst, or none after an orderly end. {@code -Djimg.kill.rounds=N} has more of them,
 * {@code -Djimg.kill.seed=N} others.
 */
class KilledServerTest {
    private static final int ROUNDS = Integer.getInteger("jimg.kill.rounds", 12);
    private static final long SEED = Long.getLong("jimg.kill.seed", 1);
    private static final int WRITERS = 3;
    private static final int SECTOR = 512;
    private static final int SECTORS = (24 << 20) / SECTOR;
    private static final int LONGEST_WRITE = 64;
    private static final int MOST_MILLISECONDS = 120;
    /** Exit codes of a process that a signal ended. */
    private static final int SIGTERM = 128 + 15;

    private static final int SIGKILL = 128 + 9;

    @TempDir
    private Path folder;

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void whatWasFlushedIsThere() throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path image = folder.resolve("disk.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", image, (long) SECTORS * SECTOR)
                .expectExit(0);
        List<Writer> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            writers.add(new Writer(i));
        }
        Random random = new Random(SEED);
        int flushes = 0;
        for (int round = 0; round < ROUNDS; round++) {
            boolean orderly = round % 3 == 2;
            Path socket = folder.resolve("socket");
            Process server = ServerProcess.start(image, socket, folder.resolve("errors"));
            CountDownLatch flushed = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (Writer writer : writers) {
                Thread thread = new Thread(() -> writer.write(socket, flushed));
                thread.start();
                threads.add(thread);
            }
            // Every other server may be killed before it has done anything.
            if (round % 2 == 0) {
                assertThat(flushed.await(60, TimeUnit.SECONDS)).isTrue();
            }
            Thread.sleep(random.nextInt(MOST_MILLISECONDS));
            if (orderly) {
                server.destroy();
            } else {
                server.destroyForcibly();
            }
            assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(folder.resolve("errors")).isEmptyFile();
            assertThat(server.exitValue()).as("exit code in round %d", round).isEqualTo(orderly ? SIGTERM : SIGKILL);
            for (Writer writer : writers) {
                assertThat(writer.refusal)
                        .as("an error answered in round %d", round)
                        .isNull();
            }
            if (orderly) {
                oracle.checkClean("qcow2", image);
            } else {
                oracle.checkNothingWorseThanLeaks("qcow2", image);
                oracle.img("check", "-q", "-r", "leaks", image).expectExit(0);
                Files.deleteIfExists(socket);
            }
            Path raw = folder.resolve("disk.raw");
            oracle.img("convert", "-O", "raw", image, raw).expectExit(0);
            byte[] content = Files.readAllBytes(raw);
            for (Writer writer : writers) {
                writer.verify(content, round);
                flushes += writer.flushes;
            }
        }
        assertThat(flushes).as("flushes that were answered").isPositive();
    }

    /** Writes to a part of the disk that is its own, and knows what each of its sectors may be. */
    private static final class Writer {
        private final int first;
        private final int count = SECTORS / WRITERS;
        private final Random random;
        /** What sectors may hold: what the last answered flush covered, then whatever was sent since. */
        private final Map<Integer, List<Long>> possible = new HashMap<>();

        private long stamp;
        private int flushes;
        private volatile @Nullable IOException refusal;

        Writer(int number) {
            first = number * count;
            random = new Random(SEED * WRITERS + number);
            stamp = ((long) number << 48) + 1;
        }

        void write(Path socket, CountDownLatch flushed) {
            NbdClient connected;
            try {
                connected = NbdClient.connect(new NbdAddress.Unix(socket.toString()), "", List.of());
            } catch (IOException early) {
                // The server ended before it said what it serves.
                return;
            }
            try (NbdClient client = connected) {
                while (true) {
                    int what = random.nextInt(12);
                    if (what == 0) {
                        client.flush();
                        flushes++;
                        flushed.countDown();
                        possible.values().forEach(Writer::keepLast);
                    } else {
                        change(client, what);
                    }
                }
            } catch (ConnectionLostException over) {
                // The server is gone, in the middle of a request or before the next.
            } catch (IOException answered) {
                refusal = answered;
            }
        }

        private void change(NbdClient client, int what) throws IOException {
            int length = 1 + random.nextInt(LONGEST_WRITE);
            int start = first + random.nextInt(count - length);
            long content = what < 3 ? 0 : stamp++;
            for (int sector = start; sector < start + length; sector++) {
                possible.computeIfAbsent(sector, unknown -> new ArrayList<>(List.of(0L)))
                        .add(content);
            }
            long offset = (long) start * SECTOR;
            if (content == 0) {
                client.writeZeroes(offset, (long) length * SECTOR, what == 1, false, false);
                return;
            }
            ByteBuffer data = ByteBuffer.allocate(length * SECTOR);
            while (data.hasRemaining()) {
                data.putLong(content);
            }
            boolean durable = what == 3;
            client.write(data.flip(), offset, durable);
            for (int sector = start; durable && sector < start + length; sector++) {
                keepLast(possible.get(sector));
            }
        }

        private static void keepLast(List<Long> stamps) {
            stamps.subList(0, stamps.size() - 1).clear();
        }

        /** Each sector is one of those that it may be; from now on it is what it is. */
        void verify(byte[] disk, int round) {
            ByteBuffer content = ByteBuffer.wrap(disk).order(ByteOrder.BIG_ENDIAN);
            possible.forEach((sector, stamps) -> {
                long found = content.getLong(sector * SECTOR);
                for (int i = 0; i < SECTOR; i += Long.BYTES) {
                    assertThat(content.getLong(sector * SECTOR + i))
                            .as("sector %d in round %d", sector, round)
                            .isEqualTo(found);
                }
                assertThat(stamps).as("sector %d in round %d", sector, round).contains(found);
                stamps.clear();
                stamps.add(found);
            });
        }
    }
}
