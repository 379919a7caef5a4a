package io.jimg.vmm.vhost;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.Options;
import io.jimg.vmm.virtio.DriverModel;
import io.jimg.vmm.virtio.VirtioBlkRequest;
import io.jimg.vmm.virtio.VirtioFeatures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our back end and QEMU's, seen by the same front end. */
class VhostUserBlkTest {
    private static final int DISK = 1 << 20;
    private static final int SECTOR = 512;
    private static final int MEMORY = 1 << 20;
    private static final int RING = 64;
    private static final long FEATURES = VirtioFeatures.VERSION_1
            | VirtioFeatures.BLK_FLUSH
            | VirtioFeatures.BLK_DISCARD
            | VirtioFeatures.BLK_WRITE_ZEROES
            | VirtioFeatures.RING_INDIRECT_DESC;

    @TempDir
    private Path folder;

    private byte[] content;

    @BeforeEach
    void needsTheHostsCalls() {
        BackEnds.assumeOurs();
        content = new byte[DISK];
        new Random(1).nextBytes(content);
    }

    private BackEnds.BackEnd ours(String name) throws IOException {
        Path file = Files.write(folder.resolve(name), content);
        Options options = Options.none().with(VhostUserBackend.NUM_QUEUES, 2L).with(VhostUserBackend.SERIAL, "e");
        return BackEnds.Ours.start(file, folder.resolve(name + ".socket"), options);
    }

    private BackEnds.BackEnd theirs() throws Exception {
        Path file = Files.write(folder.resolve("theirs"), content);
        return BackEnds.Theirs.start(file, folder.resolve("theirs.socket"), ",writable=on,num-queues=2");
    }

    /**
     * One request from the ring's first descriptors: header, data, status. Returns the status byte, or -1 if broken.
     */
    private static int request(FrontEnd front, int queue, int type, long sector, ByteBuffer data, boolean toGuest)
            throws IOException {
        DriverModel driver = front.queues.get(queue).driver;
        int place = front.freeMemory();
        int status = place + 16;
        int from = place + 4096;
        driver.header(place, type, sector);
        front.memory.put(status, (byte) 0xee);
        int length = data.remaining();
        if (!toGuest) {
            front.memory.put(from, data, data.position(), length);
        }
        int direction = toGuest ? DriverModel.WRITE : 0;
        driver.descriptor(0, driver.address(place), 16, DriverModel.NEXT, length > 0 ? 1 : 2);
        driver.descriptor(1, driver.address(from), length, DriverModel.NEXT | direction, 2);
        driver.descriptor(2, driver.address(status), 1, DriverModel.WRITE, 0);
        front.queues.get(queue).offer(0);
        try {
            front.queues.get(queue).await();
        } catch (FrontEnd.BrokenRing broken) {
            return -1;
        }
        if (toGuest) {
            data.put(data.position(), front.memory, from, length);
        }
        return front.memory.get(status);
    }

    private static ByteBuffer zeroes(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer range(long sector, int count, int flags) {
        return zeroes(16).putLong(0, sector).putInt(8, count).putInt(12, flags);
    }

    /** What is asked of both, and what both answer. */
    private static List<String> answers(FrontEnd front) throws IOException {
        int sectors = DISK / SECTOR;
        List<String> answers = new ArrayList<>();
        for (int type : new int[] {VirtioBlkRequest.READ, VirtioBlkRequest.WRITE}) {
            boolean read = type == VirtioBlkRequest.READ;
            answers.add(type + " all is well " + request(front, 0, type, 3, zeroes(SECTOR * 3), read));
            answers.add(type + " last sector " + request(front, 0, type, sectors - 1, zeroes(SECTOR), read));
            answers.add(type + " past the end " + request(front, 0, type, sectors, zeroes(SECTOR), read));
            answers.add(type + " over the end " + request(front, 0, type, sectors - 1, zeroes(2 * SECTOR), read));
            answers.add(type + " far away " + request(front, 0, type, Long.MAX_VALUE, zeroes(SECTOR), read));
            answers.add(type + " wraps " + request(front, 0, type, 1L << 55, zeroes(SECTOR), read));
            answers.add(type + " no whole sector " + request(front, 0, type, 0, zeroes(SECTOR + 1), read));
        }
        answers.add("flush " + request(front, 0, VirtioBlkRequest.FLUSH, 0, zeroes(0), false));
        ByteBuffer id = zeroes(20);
        answers.add("id " + request(front, 0, VirtioBlkRequest.GET_ID, 0, id, true));
        for (int type : new int[] {VirtioBlkRequest.DISCARD, VirtioBlkRequest.WRITE_ZEROES}) {
            answers.add(type + " all is well " + request(front, 0, type, 0, range(8, 8, 0), false));
            answers.add(type + " unmap " + request(front, 0, type, 0, range(16, 8, 1), false));
            answers.add(type + " unknown flag " + request(front, 0, type, 0, range(24, 8, 2), false));
            answers.add(type + " past the end " + request(front, 0, type, 0, range(sectors, 1, 0), false));
            answers.add(type + " over the end " + request(front, 0, type, 0, range(sectors - 1, 2, 0), false));
            answers.add(type + " too much " + request(front, 0, type, 0, range(0, -1, 0), false));
        }
        answers.add("unknown " + request(front, 0, 99, 0, zeroes(SECTOR), false));
        answers.add("scsi " + request(front, 0, 2, 0, zeroes(SECTOR), false));
        return answers;
    }

    @Test
    void answersAsQemuStorageDaemonDoes() throws Exception {
        List<String> qemu;
        List<String> jimg;
        try (BackEnds.BackEnd back = theirs();
                FrontEnd front = FrontEnd.connect(back.socket(), MEMORY).start(FEATURES, 2, RING)) {
            qemu = answers(front);
        }
        try (BackEnds.BackEnd back = ours("ours");
                FrontEnd front = FrontEnd.connect(back.socket(), MEMORY).start(FEATURES, 2, RING)) {
            jimg = answers(front);
        }
        assertThat(jimg).isEqualTo(qemu);
        assertThat(Files.readAllBytes(folder.resolve("ours"))).isEqualTo(Files.readAllBytes(folder.resolve("theirs")));
    }

    @Test
    void showsTheConfigurationThatQemuStorageDaemonShows() throws Exception {
        try (BackEnds.BackEnd qemu = theirs();
                BackEnds.BackEnd jimg = ours("ours");
                FrontEnd one = FrontEnd.connect(qemu.socket(), MEMORY);
                FrontEnd other = FrontEnd.connect(jimg.socket(), MEMORY)) {
            long protocol = Request.PROTOCOL_CONFIG | Request.PROTOCOL_MQ;
            for (FrontEnd each : List.of(one, other)) {
                each.send(Request.SET_PROTOCOL_FEATURES, FrontEnd.payload(8).putLong(protocol));
                assertThat(each.askNumber(Request.GET_QUEUE_NUM)).isEqualTo(2);
            }
            ByteBuffer theirs = one.config(60);
            ByteBuffer ours = other.config(60);
            assertThat(ours.getLong(0)).as("capacity").isEqualTo(theirs.getLong(0));
            assertThat(ours.getInt(8)).as("size_max").isEqualTo(theirs.getInt(8));
            assertThat(ours.getInt(12)).as("seg_max").isEqualTo(theirs.getInt(12));
            assertThat(ours.getInt(20)).as("blk_size").isEqualTo(theirs.getInt(20));
            assertThat(ours.getShort(34)).as("num_queues").isEqualTo(theirs.getShort(34));
            long sizeMax = 1L << 1;
            long notifyOnEmpty = 1L << 24;
            long logAll = 1L << 26;
            assertThat(one.askNumber(Request.GET_FEATURES) & ~other.askNumber(Request.GET_FEATURES))
                    .as("features that only QEMU's has")
                    .isEqualTo(sizeMax | notifyOnEmpty | logAll);
            assertThat(other.askNumber(Request.GET_FEATURES) & ~one.askNumber(Request.GET_FEATURES))
                    .as("features that only ours has")
                    .isZero();
        }
    }
}
