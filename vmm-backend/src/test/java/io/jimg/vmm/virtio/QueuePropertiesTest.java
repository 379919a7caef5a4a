package io.jimg.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.testkit.ModelDevice;
import io.jimg.vmm.virtio.GuestRegions.Region;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.jspecify.annotations.Nullable;

/**
 * Random chains of descriptors against a model of the disk: requests cut into pieces anywhere, tables of descriptors,
 * memory of two regions that pieces straddle, indices that wrap. And random bytes for descriptors and rings, which must
 * end, harm nothing but the guest's own memory, and leave a broken queue at worst.
 */
class QueuePropertiesTest {
    private static final long LOW = 0x4000;
    private static final int REGION = 1 << 16;
    private static final int DISK = 1 << 16;
    private static final int SECTOR = 512;

    /** A guest, its disk, and what the disk should hold. */
    private static final class World {
        final ByteBuffer memory = ByteBuffer.allocateDirect(2 * REGION).order(ByteOrder.LITTLE_ENDIAN);
        final ModelDevice device = new ModelDevice(DISK);
        final VirtioBlk disk = new VirtioBlk(device, VirtioBlkSettings.DEFAULT.withSerial("model"));
        final DriverModel driver;
        final VirtioBlkQueue queue;
        final Random random;
        final byte[] content = new byte[DISK];
        int interrupts;

        World(long seed, int size, boolean eventIndex) throws MalformedQueueException {
            random = new Random(seed);
            // Two buffers that follow one another, as a region larger than a buffer is given.
            GuestMemory regions = GuestRegions.of(List.of(
                    new Region(LOW, memory.slice(0, REGION)), new Region(LOW + REGION, memory.slice(REGION, REGION))));
            driver = new DriverModel(memory, LOW, 0, size, eventIndex);
            driver.beginAt(0xffff - random.nextInt(4));
            long features = VirtioFeatures.VERSION_1 | VirtioFeatures.BLK_FLUSH | VirtioFeatures.RING_INDIRECT_DESC;
            disk.accept(features | (eventIndex ? VirtioFeatures.RING_EVENT_IDX : 0));
            QueueRings rings = QueueRings.at(
                    regions,
                    size,
                    driver.address(driver.descriptorsOffset()),
                    driver.address(driver.availableOffset()),
                    driver.address(driver.usedOffset()));
            int next = memory.getShort(driver.usedOffset() + 2);
            queue = disk.queue(regions, rings, next, () -> interrupts++);
        }
    }

    @Property(tries = 150)
    @Tag("quick")
    void carriesOutAnyChain(@ForAll long seed, @ForAll boolean eventIndex) throws Exception {
        World world = new World(seed, 64, eventIndex);
        Random random = world.random;
        ByteBuffer memory = world.memory;
        for (int step = 0; step < 12; step++) {
            boolean write = random.nextBoolean();
            int sectors = 1 + random.nextInt(16);
            int sector = random.nextInt(DISK / SECTOR - sectors + 1);
            int length = sectors * SECTOR;
            // Header, data and status lie anywhere, over the border of the two regions too.
            int place = 8192 + random.nextInt(2 * REGION - 8192 - length - 64);
            int data = place + 16;
            int status = data + length;
            world.driver.header(place, write ? VirtioBlkRequest.WRITE : VirtioBlkRequest.READ, sector);
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            memory.put(data, bytes).put(status, (byte) 0xff);
            List<int[]> readable = new ArrayList<>(pieces(random, place, write ? 16 + length : 16));
            List<int[]> writable = pieces(random, write ? status : data, write ? 1 : length + 1);
            chain(world, readable, writable);
            boolean eager = random.nextBoolean();
            if (eager) {
                world.driver.allowInterrupts();
            } else {
                world.driver.suppressInterrupts();
            }
            int before = world.interrupts;
            assertThat(world.driver.offer(0)).as("notified").isTrue();
            world.queue.process();
            assertThat(world.driver.take()).isEqualTo(new DriverModel.Used(0, write ? 1 : length + 1));
            assertThat(memory.get(status)).isZero();
            if (eager) {
                assertThat(world.interrupts).isEqualTo(before + 1);
            } else if (!eventIndex) {
                assertThat(world.interrupts).isEqualTo(before);
            }
            if (write) {
                System.arraycopy(bytes, 0, world.content, sector * SECTOR, length);
            } else {
                byte[] read = new byte[length];
                memory.get(data, read);
                assertThat(ByteBuffer.wrap(read)).isEqualTo(ByteBuffer.wrap(world.content, sector * SECTOR, length));
            }
        }
        ByteBuffer all = ByteBuffer.allocate(DISK);
        world.device.read(all, 0);
        assertThat(all.array()).isEqualTo(world.content);
    }

    /** Cuts a range into up to six pieces. */
    private static List<int[]> pieces(Random random, int offset, int length) {
        List<int[]> pieces = new ArrayList<>();
        int at = 0;
        while (at < length) {
            int piece = pieces.size() == 5 ? length - at : 1 + random.nextInt(length - at);
            pieces.add(new int[] {offset + at, piece});
            at += piece;
        }
        return pieces;
    }

    /** Writes a chain from descriptor 0 on, the later part of it as a table at times. */
    private static void chain(World world, List<int[]> readable, List<int[]> writable) {
        List<int[]> all = new ArrayList<>(readable);
        all.addAll(writable);
        int direct = world.random.nextBoolean() ? all.size() : world.random.nextInt(all.size());
        Set<Integer> taken = new HashSet<>(Set.of(0));
        int index = 0;
        int table = 4096;
        for (int i = 0; i < all.size(); i++) {
            int flags = (i >= readable.size() ? DriverModel.WRITE : 0) | (i + 1 < all.size() ? DriverModel.NEXT : 0);
            long address = world.driver.address(all.get(i)[0]);
            int length = all.get(i)[1];
            if (i >= direct) {
                if (i == direct) {
                    int bytes = 16 * (all.size() - direct);
                    world.driver.descriptor(index, world.driver.address(table), bytes, DriverModel.INDIRECT, 0);
                }
                world.driver.descriptorAt(table + 16 * (i - direct), address, length, flags, i - direct + 1);
            } else {
                int next = index;
                while (!taken.add(next)) {
                    next = world.random.nextInt(world.driver.size());
                }
                world.driver.descriptor(index, address, length, flags, next);
                index = next;
            }
        }
    }

    @Property(tries = 400)
    @Tag("quick")
    void survivesAnyGuest(@ForAll long seed, @ForAll boolean eventIndex) throws Exception {
        World world = new World(seed, 16, eventIndex);
        Random random = world.random;
        int end = world.driver.end();
        for (int i = 0; i < 64; i++) {
            int offset = random.nextInt(4) == 0 ? 8192 + 16 * random.nextInt(64) : 16 * (i % 16);
            long address =
                    random.nextInt(8) == 0 ? random.nextLong() : LOW + end + random.nextInt(2 * REGION - end + 100);
            int length = random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(3) * SECTOR + random.nextInt(18);
            int flags = random.nextInt(8);
            world.driver.descriptorAt(
                    offset, address, length, flags, random.nextInt(random.nextBoolean() ? 17 : 65536));
        }
        world.driver.descriptor(0, LOW + 8192, 16 * (1 + random.nextInt(70000)), random.nextInt(8), 1);
        for (int i = 0; i < 8; i++) {
            world.driver.offer(random.nextInt(random.nextInt(8) == 0 ? 65536 : 16));
        }
        if (random.nextInt(4) == 0) {
            world.driver.jump(random.nextInt(65536));
        }
        @Nullable MalformedQueueException broken = null;
        try {
            world.queue.process();
        } catch (MalformedQueueException rules) {
            broken = rules;
        }
        int given = 0;
        while (world.driver.take() != null) {
            given++;
        }
        assertThat(given).isLessThanOrEqualTo(16);
        if (broken != null) {
            assertThat(broken).hasMessageMatching("[A-Z].*");
        }
        world.queue.stop();
    }
}
