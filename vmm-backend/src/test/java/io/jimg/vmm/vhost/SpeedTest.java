package io.jimg.vmm.vhost;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.Options;
import io.jimg.vmm.virtio.DriverModel;
import io.jimg.vmm.virtio.VirtioBlkRequest;
import io.jimg.vmm.virtio.VirtioFeatures;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Our back end's speed beside qemu-storage-daemon's, on one raw file in memory, through the same front end in turns.
 * Started by {@code benchmarks/vhost-user}, which says how to read the numbers.
 */
@EnabledIfSystemProperty(named = "jimg.speed.rounds", matches = "\\d+")
class SpeedTest {
    private static final int MIB = 1 << 20;
    private static final int DISK = 256 * MIB;
    private static final int RING = 128;
    private static final double SECONDS = 0.7;
    private static final long FEATURES = VirtioFeatures.VERSION_1
            | VirtioFeatures.BLK_FLUSH
            | VirtioFeatures.RING_INDIRECT_DESC
            | VirtioFeatures.RING_EVENT_IDX;

    /**
     * A load.
     *
     * @param bytes of a request
     * @param depth how many requests are under way
     * @param pieces into which a request's memory is cut
     */
    private record Load(String name, int type, int bytes, int depth, boolean random, int pieces) {}

    private static final List<Load> LOADS = List.of(
            new Load("4 KiB random reads, depth 16", VirtioBlkRequest.READ, 4096, 16, true, 1),
            new Load("4 KiB random writes, depth 16", VirtioBlkRequest.WRITE, 4096, 16, true, 1),
            new Load("4 KiB random reads, depth 1", VirtioBlkRequest.READ, 4096, 1, true, 1),
            new Load("128 KiB sequential reads, depth 4", VirtioBlkRequest.READ, 131072, 4, false, 1),
            new Load("the same in 32 pieces", VirtioBlkRequest.READ, 131072, 4, false, 32),
            new Load("128 KiB sequential writes in 32 pieces", VirtioBlkRequest.WRITE, 131072, 4, false, 32));

    @Test
    void isAsFastAsQemuStorageDaemon() throws Exception {
        BackEnds.assumeOurs();
        Path folder = Files.createTempDirectory(Path.of("/dev/shm"), "jimg-speed");
        Path file = folder.resolve("disk");
        try {
            fill(file);
            double[][][] rates = new double[LOADS.size()][2][Integer.getInteger("jimg.speed.rounds")];
            for (int round = 0; round < rates[0][0].length; round++) {
                for (int side = 0; side < 2; side++) {
                    try (BackEnds.BackEnd back = start(side, file, folder.resolve("s" + round + side));
                            FrontEnd front =
                                    FrontEnd.connect(back.socket(), 64 * MIB).start(FEATURES, 1, RING)) {
                        rate(front, LOADS.get(side));
                        for (int i = 0; i < rates.length; i++) {
                            rates[i][side][round] = rate(front, LOADS.get(i));
                        }
                    }
                }
            }
            System.out.printf("%n%-42s %12s %12s %6s%n", "requests a second", "qemu", "jimg", "ratio");
            for (int i = 0; i < rates.length; i++) {
                double qemu = median(rates[i][0]);
                double jimg = median(rates[i][1]);
                System.out.printf("%-42s %12.0f %12.0f %6.2f%n", LOADS.get(i).name, qemu, jimg, jimg / qemu);
                assertThat(jimg).isPositive();
            }
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }

    private static BackEnds.BackEnd start(int side, Path file, Path socket) throws Exception {
        return side == 0
                ? BackEnds.Theirs.start(file, socket, ",writable=on")
                : BackEnds.Ours.start(file, socket, Options.none());
    }

    private static void fill(Path file) throws IOException {
        byte[] bytes = new byte[MIB];
        new Random(1).nextBytes(bytes);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int at = 0; at < DISK; at += MIB) {
                out.write(bytes);
            }
        }
    }

    private static double median(double[] values) {
        List<Double> sorted = new ArrayList<>();
        for (double each : values) {
            sorted.add(each);
        }
        sorted.sort(null);
        return sorted.get(sorted.size() / 2);
    }

    /** Requests a second. */
    private static double rate(FrontEnd front, Load load) throws IOException {
        FrontEnd.Queue queue = front.queues.get(0);
        DriverModel driver = queue.driver;
        Random random = new Random(2);
        int room = 8192 + 2 * load.bytes;
        int base = front.freeMemory();
        for (int i = 0; i < load.depth; i++) {
            layOut(driver, load, i, base + i * room);
        }
        long count = 0;
        long begin = System.nanoTime();
        long end = begin + (long) (SECONDS * 1e9);
        int next = 0;
        int under = 0;
        for (; under < load.depth; under++) {
            next = offer(queue, load, under, base + under * room, next, random);
        }
        while (under > 0) {
            int head = queue.await().head();
            under--;
            count++;
            if (front.memory.get(base + head * room + 512) != 0) {
                throw new IOException("a request failed");
            }
            if (System.nanoTime() < end) {
                next = offer(queue, load, head, base + head * room, next, random);
                under++;
            }
        }
        return count * 1e9 / (System.nanoTime() - begin);
    }

    private static int offer(FrontEnd.Queue queue, Load load, int head, int place, int next, Random random)
            throws IOException {
        int requests = DISK / load.bytes;
        int at = load.random ? random.nextInt(requests) : next % requests;
        queue.driver.header(place, load.type, at * (load.bytes / 512L));
        queue.offer(head);
        return next + 1;
    }

    /** A request's descriptors in a table of their own: header, pieces with gaps between them, status. */
    private static void layOut(DriverModel driver, Load load, int head, int place) {
        int direction = load.type == VirtioBlkRequest.READ ? DriverModel.WRITE : 0;
        int table = place + 1024;
        int piece = load.bytes / load.pieces;
        driver.descriptor(head, driver.address(table), 16 * (load.pieces + 2), DriverModel.INDIRECT, 0);
        driver.descriptorAt(table, driver.address(place), 16, DriverModel.NEXT, 1);
        for (int i = 0; i < load.pieces; i++) {
            long address = driver.address(place + 8192 + 2 * i * piece);
            driver.descriptorAt(table + 16 * (i + 1), address, piece, DriverModel.NEXT | direction, i + 2);
        }
        driver.descriptorAt(table + 16 * (load.pieces + 1), driver.address(place + 512), 1, DriverModel.WRITE, 0);
    }
}
