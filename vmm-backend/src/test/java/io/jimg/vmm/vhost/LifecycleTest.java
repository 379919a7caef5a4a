package io.jimg.vmm.vhost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.host.ipc.Descriptor;
import io.jimg.host.ipc.EventDescriptor;
import io.jimg.host.ipc.SharedMemory;
import io.jimg.testkit.ModelDevice;
import io.jimg.vmm.RunningExport;
import io.jimg.vmm.virtio.DriverModel;
import io.jimg.vmm.virtio.VirtioBlkRequest;
import io.jimg.vmm.virtio.VirtioBlkSettings;
import io.jimg.vmm.virtio.VirtioFeatures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How front ends come, change their minds, break the rules and go. */
class LifecycleTest {
    private static final int MEMORY = 1 << 20;
    private static final int SECTOR = 512;
    private static final long FEATURES =
            VirtioFeatures.VERSION_1 | VirtioFeatures.BLK_FLUSH | VirtioFeatures.RING_EVENT_IDX;

    @TempDir
    private Path folder;

    private ModelDevice device;
    private RunningExport export;

    @BeforeEach
    void start() throws IOException {
        BackEnds.assumeOurs();
        device = new ModelDevice(MEMORY);
        export = VhostUserServer.start(
                folder.resolve("socket").toString(), device, VirtioBlkSettings.DEFAULT.withQueues(2));
    }

    @AfterEach
    void stop() throws IOException {
        if (export != null) {
            export.close();
            device.close();
        }
    }

    private FrontEnd connect() throws IOException {
        return FrontEnd.connect(export.address(), MEMORY);
    }

    private FrontEnd begin() throws IOException {
        return connect().start(FEATURES, 2, 16);
    }

    /** Writes a sector of a value; returns the status byte. */
    private static int write(FrontEnd front, int queue, long sector, int value) throws IOException {
        DriverModel driver = front.queues.get(queue).driver;
        int place = front.freeMemory() + 8192 * queue;
        driver.header(place, VirtioBlkRequest.WRITE, sector);
        for (int i = 0; i < SECTOR; i++) {
            front.memory.put(place + SECTOR + i, (byte) value);
        }
        front.memory.put(place + 100, (byte) 0xee);
        driver.descriptor(0, driver.address(place), 16, DriverModel.NEXT, 1);
        driver.descriptor(1, driver.address(place + SECTOR), SECTOR, DriverModel.NEXT, 2);
        driver.descriptor(2, driver.address(place + 100), 1, DriverModel.WRITE, 0);
        front.queues.get(queue).offer(0);
        front.queues.get(queue).await();
        return front.memory.get(place + 100);
    }

    private byte at(long sector) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        device.read(one, sector * SECTOR);
        return one.get(0);
    }

    @Test
    void servesOneFrontEndAfterTheOther() throws Exception {
        for (int round = 1; round < 4; round++) {
            try (FrontEnd front = begin()) {
                assertThat(write(front, 0, round, round)).isZero();
                assertThat(write(front, 1, round + 10, round)).isZero();
                assertThat(export.statistics().connections()).isEqualTo(1);
            }
            assertThat(at(round)).isEqualTo((byte) round);
            assertThat(at(round + 10)).isEqualTo((byte) round);
        }
        assertThat(export.statistics().writes()).isEqualTo(6);
    }

    @Test
    void stopsARingAndGoesOnWithIt() throws Exception {
        try (FrontEnd front = begin()) {
            FrontEnd.Queue ring = front.queues.get(0);
            assertThat(write(front, 0, 1, 1)).isZero();
            assertThat(ring.stop()).isEqualTo(1);
            // Stopped: nothing is taken, whatever is kicked.
            ring.driver.offer(0);
            ring.kick.signal();
            assertThat(write(front, 1, 2, 2)).isZero();
            assertThat(ring.driver.take()).isNull();
            ring.start(1);
            ring.kick.signal();
            assertThat(ring.await()).isNotNull();
            assertThat(ring.stop()).isEqualTo(2);
        }
    }

    @Test
    void waitsForADisabledRing() throws Exception {
        try (FrontEnd front = begin()) {
            FrontEnd.Queue ring = front.queues.get(0);
            assertThat(write(front, 0, 1, 1)).isZero();
            front.tell(Request.SET_VRING_ENABLE, FrontEnd.payload(8).putInt(0).putInt(0));
            ring.driver.offer(0);
            ring.kick.signal();
            assertThat(write(front, 1, 2, 2)).isZero();
            assertThat(ring.driver.take()).isNull();
            front.tell(Request.SET_VRING_ENABLE, FrontEnd.payload(8).putInt(0).putInt(1));
            assertThat(ring.await()).isNotNull();
        }
    }

    @Test
    void takesANewTableOfMemoryWhileRingsRun() throws Exception {
        try (FrontEnd front = begin()) {
            assertThat(write(front, 0, 1, 1)).isZero();
            front.tell(Request.SET_MEM_TABLE, FrontEnd.memoryTable(MEMORY), front.file);
            assertThat(write(front, 0, 2, 2)).isZero();
            assertThat(at(2)).isEqualTo((byte) 2);
        }
    }

    @Test
    void takesRegionsOneByOne() throws Exception {
        try (FrontEnd front = begin();
                Descriptor more = SharedMemory.create("more", 8192).orElseThrow();
                SharedMemory mapped = SharedMemory.map(more, 0, 8192)) {
            assertThat(front.askNumber(Request.GET_MAX_MEM_SLOTS)).isEqualTo(509);
            ByteBuffer region = FrontEnd.payload(40)
                    .putLong(0)
                    .putLong(0x5000)
                    .putLong(4096)
                    .putLong(0x1000)
                    .putLong(4096);
            front.tell(Request.ADD_MEM_REG, region.duplicate().order(region.order()), more);
            mapped.buffer(4096, 1).put((byte) 9);
            DriverModel driver = front.queues.get(0).driver;
            driver.header(front.freeMemory(), VirtioBlkRequest.WRITE, 5);
            driver.descriptor(0, driver.address(front.freeMemory()), 16, DriverModel.NEXT, 1);
            driver.descriptor(1, 0x5000, SECTOR, DriverModel.NEXT, 2);
            driver.descriptor(2, 0x5fff, 1, DriverModel.WRITE, 0);
            front.queues.get(0).offer(0);
            front.queues.get(0).await();
            assertThat(at(5)).isEqualTo((byte) 9);
            front.tell(Request.REM_MEM_REG, region.duplicate().order(region.order()));
            front.queues.get(0).offer(0);
            assertThatThrownBy(() -> front.queues.get(0).await()).isInstanceOf(FrontEnd.BrokenRing.class);
            assertThat(write(front, 1, 6, 6)).isZero();
        }
    }

    @Test
    void looksByItselfWhereNobodyKicks() throws Exception {
        try (FrontEnd front = begin()) {
            front.queues.get(0).stop();
            front.tell(Request.SET_VRING_KICK, FrontEnd.payload(8).putLong(0x100));
            assertThat(write(front, 0, 7, 7)).isZero();
        }
    }

    @Test
    void finishesAndFlushesWhenItIsClosed() throws Exception {
        try (FrontEnd front = begin()) {
            assertThat(write(front, 0, 1, 1)).isZero();
            export.close();
            export.close();
            assertThat(device.flushes()).isEqualTo(1);
            assertThat(Files.exists(folder.resolve("socket"))).isFalse();
            assertThatThrownBy(() -> front.askNumber(Request.GET_FEATURES)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void refusesASocketThatIsInUse() {
        assertThatThrownBy(() -> VhostUserServer.start(export.address(), device, VirtioBlkSettings.DEFAULT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Failed to listen on");
    }

    // ---- broken rules ----------------------------------------------------------------------------------------------

    @Test
    void refusesRegionsThatAreLongerThanTheirFile() throws Exception {
        try (FrontEnd front = begin()) {
            assertThatThrownBy(() -> front.tell(Request.SET_MEM_TABLE, FrontEnd.memoryTable(MEMORY + 4096), front.file))
                    .hasMessageContaining("is refused");
        }
        servesStill();
    }

    @Test
    void survivesMemoryThatLosesItsFile() throws Exception {
        try (FrontEnd front = begin()) {
            DriverModel driver = front.queues.get(0).driver;
            int place = MEMORY - 4096;
            driver.header(place, VirtioBlkRequest.WRITE, 5);
            driver.descriptor(0, driver.address(place), 16, DriverModel.NEXT, 1);
            driver.descriptor(1, driver.address(place + SECTOR), SECTOR, DriverModel.NEXT, 2);
            driver.descriptor(2, driver.address(place + 100), 1, DriverModel.WRITE, 0);
            front.file.truncate(place);
            front.queues.get(0).offer(0);
            assertThatThrownBy(() -> front.queues.get(0).await()).isInstanceOf(FrontEnd.BrokenRing.class);
            assertThat(write(front, 1, 6, 6)).isZero();
        }
        servesStill();
    }

    @Test
    void breaksOneRingAlone() throws Exception {
        try (FrontEnd front = begin()) {
            front.queues.get(0).driver.descriptor(0, -1, 16, DriverModel.NEXT, 0);
            front.queues.get(0).offer(0);
            assertThatThrownBy(() -> front.queues.get(0).await()).isInstanceOf(FrontEnd.BrokenRing.class);
            assertThat(write(front, 1, 6, 6)).isZero();
            assertThat(front.queues.get(0).stop()).isEqualTo(0);
        }
        servesStill();
    }

    @ParameterizedTest
    @ValueSource(longs = {0x100, 0x7f00_1234_0008L, 0x7f00_1234_0000L + MEMORY - 16, -16})
    void refusesRingsThatAreNotInMemory(long descriptors) throws Exception {
        try (FrontEnd front = begin()) {
            ByteBuffer address = FrontEnd.payload(40).putInt(0).putInt(0).putLong(descriptors);
            address.putLong(FrontEnd.USER_ADDRESS + 4096)
                    .putLong(FrontEnd.USER_ADDRESS + 8192)
                    .putLong(0);
            assertThatThrownBy(() -> front.tell(Request.SET_VRING_ADDR, address))
                    .hasMessageContaining("is refused");
        }
        servesStill();
    }

    @Test
    void refusesEventsThatAreNone() throws Exception {
        try (FrontEnd front = begin()) {
            assertThatThrownBy(() -> front.tell(
                            Request.SET_VRING_KICK, FrontEnd.payload(8).putLong(0), front.file))
                    .hasMessageContaining("is refused");
            assertThatThrownBy(() -> front.tell(
                            Request.SET_VRING_CALL, FrontEnd.payload(8).putLong(0)))
                    .hasMessageContaining("is refused");
        }
        servesStill();
    }

    @Test
    void neverWaitsForAnEventThatIsFull() throws Exception {
        try (FrontEnd front = begin()) {
            FrontEnd.Queue ring = front.queues.get(0);
            for (int i = 0; i < 100; i++) {
                ring.call.signal();
            }
            assertThat(write(front, 0, 1, 1)).isZero();
        }
    }

    @Test
    void refusesRingsAndFeaturesThatThereAreNone() throws Exception {
        try (FrontEnd front = begin()) {
            for (int index : new int[] {2, -1, Integer.MAX_VALUE}) {
                assertThatThrownBy(() -> front.tell(
                                Request.SET_VRING_BASE,
                                FrontEnd.payload(8).putInt(index).putInt(0)))
                        .hasMessageContaining("is refused");
            }
            assertThatThrownBy(() -> front.tell(
                            Request.SET_VRING_NUM, FrontEnd.payload(8).putInt(0).putInt(5)))
                    .hasMessageContaining("is refused");
            assertThatThrownBy(() ->
                            front.tell(Request.SET_FEATURES, FrontEnd.payload(8).putLong(-1)))
                    .hasMessageContaining("is refused");
            assertThatThrownBy(() -> front.tell(99, FrontEnd.payload(8).putLong(-1)))
                    .hasMessageContaining("is refused");
            assertThat(front.ask(
                                    Request.GET_CONFIG,
                                    FrontEnd.payload(12).putInt(200).putInt(100).putInt(0))
                            .remaining())
                    .isZero();
        }
        servesStill();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 4097, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void hangsUpOnMessagesOfSizesThatNoneHas(int size) throws Exception {
        try (FrontEnd front = connect()) {
            ByteBuffer message = FrontEnd.payload(12).putInt(1).putInt(1).putInt(size);
            front.socket.send(message.flip(), List.of());
            assertThatThrownBy(() -> front.reply(1)).isInstanceOf(IOException.class);
        }
        servesStill();
    }

    @Test
    void hangsUpOnBytesAtRandom() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 5; round++) {
            try (FrontEnd front = connect();
                    EventDescriptor event = EventDescriptor.create().orElseThrow()) {
                for (int i = 0; i < 20; i++) {
                    ByteBuffer payload = FrontEnd.payload(64);
                    payload.putInt(random.nextInt(3)).putInt(random.nextInt(20));
                    while (payload.hasRemaining()) {
                        payload.put((byte) random.nextInt());
                    }
                    front.send(random.nextInt(40), payload, event.descriptor());
                }
            } catch (IOException hungUp) {
                assertThat(hungUp).hasMessageContaining("pipe");
            }
        }
        servesStill();
    }

    private void servesStill() throws Exception {
        // The session before ends by itself; a short while may pass.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try (FrontEnd front = begin()) {
                assertThat(write(front, 0, 100, 100)).isZero();
                return;
            } catch (IOException notYet) {
                assertThat(System.nanoTime()).as("never comes back: " + notYet).isLessThan(deadline);
            }
        }
    }
}
