package io.jimg.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.testkit.ModelDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests, configuration and features of the device, as a monitor in the same JVM uses them. */
@Tag("quick")
class VirtioBlkTest {
    private static final int SECTOR = 512;

    private static VirtioBlkRequest request(int type, long sector, ByteBuffer... data) {
        return new VirtioBlkRequest(type, sector, data);
    }

    private static ByteBuffer bytes(int length, int value) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(length).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length; i++) {
            buffer.put(i, (byte) value);
        }
        return buffer;
    }

    private static ByteBuffer range(long sector, int count, int flags) {
        return bytes(16, 0).putLong(0, sector).putInt(8, count).putInt(12, flags);
    }

    private static byte at(ModelDevice device, long offset) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        device.read(one, offset);
        return one.get(0);
    }

    /** The ten lines of docs/vmm.md. */
    @Test
    void servesAGuestInAFewLines() throws Exception {
        ModelDevice image = new ModelDevice(1 << 20);
        ByteBuffer ram = ByteBuffer.allocateDirect(1 << 20);
        DriverModel guest = new DriverModel(ram, 0x1000_0000L, 0, 8, false);
        AtomicInteger interrupts = new AtomicInteger();

        VirtioBlk disk = new VirtioBlk(image, VirtioBlkSettings.DEFAULT.withSerial("root"));
        GuestMemory memory = GuestRegions.of(0x1000_0000L, ram);
        assertThat(disk.accept(VirtioFeatures.VERSION_1 | VirtioFeatures.BLK_FLUSH))
                .isTrue();
        QueueRings rings = QueueRings.at(
                memory,
                8,
                guest.address(guest.descriptorsOffset()),
                guest.address(guest.availableOffset()),
                guest.address(guest.usedOffset()));
        VirtioBlkQueue queue = disk.queue(memory, rings, interrupts::incrementAndGet);

        guest.header(4096, VirtioBlkRequest.WRITE, 1);
        ram.put(8192, (byte) 7);
        guest.descriptor(0, guest.address(4096), 16, DriverModel.NEXT, 1);
        guest.descriptor(1, guest.address(8192), SECTOR, DriverModel.NEXT, 2);
        guest.descriptor(2, guest.address(5000), 1, DriverModel.WRITE, 0);
        ram.put(5000, (byte) 0xff);
        assertThat(guest.offer(0)).isTrue();
        queue.process();

        assertThat(guest.take()).isEqualTo(new DriverModel.Used(0, 1));
        assertThat(ram.get(5000)).isZero();
        assertThat(interrupts).hasValue(1);
        assertThat(at(image, SECTOR)).isEqualTo((byte) 7);
        assertThat(disk.statistics().writtenBytes()).isEqualTo(SECTOR);
        assertThat(queue.stop()).isEqualTo(1);
    }

    @Test
    void readsAndWritesOverSeveralBuffers() throws Exception {
        ModelDevice image = new ModelDevice(1 << 20);
        VirtioBlk disk = new VirtioBlk(image, VirtioBlkSettings.DEFAULT);
        assertThat(disk.execute(request(VirtioBlkRequest.WRITE, 3, bytes(100, 1), bytes(412, 2))))
                .isEqualTo(VirtioBlkStatus.OK);
        assertThat(at(image, 3 * SECTOR + 99)).isEqualTo((byte) 1);
        assertThat(at(image, 3 * SECTOR + 100)).isEqualTo((byte) 2);
        ByteBuffer one = bytes(300, 9);
        ByteBuffer two = bytes(212, 9);
        assertThat(disk.execute(request(VirtioBlkRequest.READ, 3, one, two))).isEqualTo(VirtioBlkStatus.OK);
        assertThat(one.get(99)).isEqualTo((byte) 1);
        assertThat(one.get(100)).isEqualTo((byte) 2);
        assertThat(two.get(211)).isEqualTo((byte) 2);
        assertThat(one.hasRemaining()).isFalse();
    }

    @Test
    void refusesWhatLeavesTheDeviceOrIsNoWholeBlock() {
        VirtioBlk disk = new VirtioBlk(new ModelDevice(10 * SECTOR + 100), VirtioBlkSettings.DEFAULT);
        for (int type : new int[] {VirtioBlkRequest.READ, VirtioBlkRequest.WRITE}) {
            assertThat(disk.execute(request(type, 9, bytes(SECTOR, 0)))).isEqualTo(VirtioBlkStatus.OK);
            assertThat(disk.execute(request(type, 10, bytes(SECTOR, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 9, bytes(2 * SECTOR, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, -1, bytes(SECTOR, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, Long.MAX_VALUE, bytes(SECTOR, 0))))
                    .isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 0x80_0000_0000_0000L, bytes(SECTOR, 0))))
                    .isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 0, bytes(100, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
        }
        VirtioBlk large = new VirtioBlk(new ModelDevice(4096 * 4), VirtioBlkSettings.DEFAULT.withLogicalBlock(4096));
        assertThat(large.execute(request(VirtioBlkRequest.READ, 8, bytes(4096, 0))))
                .isEqualTo(VirtioBlkStatus.OK);
        assertThat(large.execute(request(VirtioBlkRequest.READ, 1, bytes(4096, 0))))
                .isEqualTo(VirtioBlkStatus.IOERR);
        assertThat(large.execute(request(VirtioBlkRequest.READ, 0, bytes(512, 0))))
                .isEqualTo(VirtioBlkStatus.IOERR);
    }

    @Test
    void flushesWhereTheDriverCannot() {
        ModelDevice image = new ModelDevice(1 << 16);
        VirtioBlk disk = new VirtioBlk(image, VirtioBlkSettings.DEFAULT);
        disk.execute(request(VirtioBlkRequest.WRITE, 0, bytes(SECTOR, 0)));
        assertThat(image.flushes()).isEqualTo(1);
        disk.accept(VirtioFeatures.VERSION_1 | VirtioFeatures.BLK_FLUSH | VirtioFeatures.BLK_CONFIG_WCE);
        disk.execute(request(VirtioBlkRequest.WRITE, 0, bytes(SECTOR, 0)));
        assertThat(image.flushes()).isEqualTo(1);
        disk.execute(request(VirtioBlkRequest.FLUSH, 0));
        assertThat(image.flushes()).isEqualTo(2);
        assertThat(disk.writeConfig(32, bytes(1, 0))).isTrue();
        disk.execute(request(VirtioBlkRequest.WRITE, 0, bytes(SECTOR, 0)));
        assertThat(image.flushes()).isEqualTo(3);
        disk.execute(request(VirtioBlkRequest.WRITE_ZEROES, 0, range(0, 1, 0)));
        assertThat(image.flushes()).isEqualTo(4);
    }

    @Test
    void tellsItsSerialNumber() {
        VirtioBlk disk = new VirtioBlk(new ModelDevice(SECTOR), VirtioBlkSettings.DEFAULT.withSerial("abc"));
        ByteBuffer id = bytes(20, 0xff);
        assertThat(disk.execute(request(VirtioBlkRequest.GET_ID, 0, id))).isEqualTo(VirtioBlkStatus.OK);
        byte[] answer = new byte[20];
        id.get(0, answer);
        assertThat(new String(answer, StandardCharsets.US_ASCII)).isEqualTo("abc" + "\0".repeat(17));
        assertThat(disk.execute(request(VirtioBlkRequest.GET_ID, 0, bytes(19, 0))))
                .isEqualTo(VirtioBlkStatus.IOERR);
    }

    @Test
    void discardsAndZeroesRanges() throws Exception {
        ModelDevice image = new ModelDevice(1 << 20);
        VirtioBlk disk = new VirtioBlk(image, VirtioBlkSettings.DEFAULT);
        disk.execute(request(VirtioBlkRequest.WRITE, 0, bytes(1 << 16, 5)));
        ByteBuffer two = bytes(32, 0).put(range(1, 2, 0)).put(range(8, 1, 1)).flip();
        assertThat(disk.execute(request(VirtioBlkRequest.WRITE_ZEROES, 0, two))).isEqualTo(VirtioBlkStatus.OK);
        assertThat(at(image, 0)).isEqualTo((byte) 5);
        assertThat(at(image, SECTOR)).isZero();
        assertThat(at(image, 3 * SECTOR - 1)).isZero();
        assertThat(at(image, 3 * SECTOR)).isEqualTo((byte) 5);
        assertThat(at(image, 8 * SECTOR)).isZero();
        assertThat(disk.execute(request(VirtioBlkRequest.DISCARD, 0, range(0, 8, 0))))
                .isEqualTo(VirtioBlkStatus.OK);
    }

    @Test
    void refusesRangesThatMakeNoSense() throws Exception {
        ModelDevice image = new ModelDevice(1 << 20);
        VirtioBlk disk = new VirtioBlk(image, VirtioBlkSettings.DEFAULT);
        disk.execute(request(VirtioBlkRequest.WRITE, 0, bytes(SECTOR, 5)));
        for (int type : new int[] {VirtioBlkRequest.DISCARD, VirtioBlkRequest.WRITE_ZEROES}) {
            assertThat(disk.execute(request(type, 0, range(0, 1, 2)))).isEqualTo(VirtioBlkStatus.UNSUPP);
            assertThat(disk.execute(request(type, 0, range(2048, 1, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 0, range(-1, 1, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 0, range(0, -1, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 0))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 0, bytes(15, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(type, 0, bytes(16 * 33, 0)))).isEqualTo(VirtioBlkStatus.IOERR);
        }
        assertThat(disk.execute(request(VirtioBlkRequest.DISCARD, 0, range(0, 1, 1))))
                .isEqualTo(VirtioBlkStatus.UNSUPP);
        // The first range is good, the second isn't: neither is carried out.
        assertThat(disk.execute(request(VirtioBlkRequest.WRITE_ZEROES, 0, range(0, 1, 0), range(9999, 1, 0))))
                .isEqualTo(VirtioBlkStatus.IOERR);
        assertThat(at(image, 0)).isEqualTo((byte) 5);
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        VirtioBlk disk = new VirtioBlk(new ModelDevice(SECTOR), VirtioBlkSettings.DEFAULT);
        for (int type : new int[] {2, 3, 5, 14, 99, -1}) {
            assertThat(disk.execute(request(type, 0, bytes(SECTOR, 0)))).isEqualTo(VirtioBlkStatus.UNSUPP);
        }
        assertThat(disk.statistics().failures()).isEqualTo(6);
    }

    @Test
    void keepsAReadOnlyDeviceAsItIs() {
        byte[] content = new byte[SECTOR];
        for (VirtioBlk disk : new VirtioBlk[] {
            new VirtioBlk(ModelDevice.of(content, true), VirtioBlkSettings.DEFAULT),
            new VirtioBlk(ModelDevice.of(content, false), VirtioBlkSettings.DEFAULT.withReadOnly(true))
        }) {
            assertThat(disk.features() & VirtioFeatures.BLK_RO).isNotZero();
            assertThat(disk.features() & (VirtioFeatures.BLK_DISCARD | VirtioFeatures.BLK_WRITE_ZEROES))
                    .isZero();
            assertThat(disk.execute(request(VirtioBlkRequest.READ, 0, bytes(SECTOR, 0))))
                    .isEqualTo(VirtioBlkStatus.OK);
            assertThat(disk.execute(request(VirtioBlkRequest.FLUSH, 0))).isEqualTo(VirtioBlkStatus.OK);
            assertThat(disk.execute(request(VirtioBlkRequest.WRITE, 0, bytes(SECTOR, 0))))
                    .isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(VirtioBlkRequest.WRITE_ZEROES, 0, range(0, 1, 0))))
                    .isEqualTo(VirtioBlkStatus.IOERR);
            assertThat(disk.execute(request(VirtioBlkRequest.DISCARD, 0, range(0, 1, 0))))
                    .isEqualTo(VirtioBlkStatus.IOERR);
        }
    }

    @Test
    void answersAFailureOfTheDisk() throws Exception {
        ModelDevice image = new ModelDevice(SECTOR);
        VirtioBlk disk = new VirtioBlk(image, VirtioBlkSettings.DEFAULT);
        image.close();
        assertThat(disk.execute(request(VirtioBlkRequest.READ, 0, bytes(SECTOR, 0))))
                .isEqualTo(VirtioBlkStatus.IOERR);
        assertThat(disk.statistics().failures()).isEqualTo(1);
    }

    @Test
    void showsItsConfiguration() {
        VirtioBlk disk = new VirtioBlk(
                new ModelDevice((1 << 20) + 511),
                VirtioBlkSettings.DEFAULT.withQueues(4).withLogicalBlock(1024));
        ByteBuffer config = ByteBuffer.allocate(80).order(ByteOrder.LITTLE_ENDIAN);
        disk.readConfig(0, config);
        assertThat(config.getLong(0)).as("capacity").isEqualTo(2048);
        assertThat(config.getInt(12)).as("seg_max").isEqualTo(126);
        assertThat(config.getInt(20)).as("blk_size").isEqualTo(1024);
        assertThat(config.get(32)).as("writeback").isEqualTo((byte) 1);
        assertThat(config.getShort(34)).as("num_queues").isEqualTo((short) 4);
        assertThat(config.getInt(40)).as("max_discard_seg").isEqualTo(32);
        assertThat(disk.features() & VirtioFeatures.BLK_MQ).isNotZero();
        ByteBuffer part = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
        disk.readConfig(34, part);
        assertThat(part.getShort(0)).isEqualTo((short) 4);
    }

    @Test
    void letsTheDriverChooseOnlyWhatIsOffered() {
        VirtioBlk disk = new VirtioBlk(new ModelDevice(SECTOR), VirtioBlkSettings.DEFAULT);
        assertThat(disk.accept(disk.features())).isTrue();
        assertThat(disk.accept(VirtioFeatures.BLK_MQ)).isFalse();
        assertThat(disk.accepted()).isEqualTo(disk.features());
        assertThat(disk.writeConfig(0, bytes(8, 0))).isFalse();
        assertThat(disk.writeConfig(32, bytes(1, 2))).isFalse();
        disk.reset();
        assertThat(disk.accepted()).isZero();
        assertThat(disk.writeConfig(32, bytes(1, 0))).isFalse();
    }

    @Test
    void refusesSettingsOutOfRange() {
        assertThatThrownBy(() -> VirtioBlkSettings.DEFAULT.withSerial("x".repeat(21)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> VirtioBlkSettings.DEFAULT.withQueues(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> VirtioBlkSettings.DEFAULT.withLogicalBlock(513))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
