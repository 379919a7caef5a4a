package io.jimg.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.testkit.ModelDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One broken rule at a time. */
@Tag("quick")
class HostileDriverTest {
    private static final long BASE = 0x10000;
    private static final int MEMORY = 1 << 20;
    private static final int SIZE = 8;
    private static final int HEADER = 4096;
    private static final int DATA = 8192;
    private static final int STATUS = 5000;
    private static final int TABLE = 65536;

    private final ByteBuffer memory = ByteBuffer.allocateDirect(MEMORY).order(ByteOrder.LITTLE_ENDIAN);
    private final DriverModel driver = new DriverModel(memory, BASE, 0, SIZE, false);
    private final GuestMemory regions = GuestRegions.of(BASE, memory);
    private VirtioBlk disk;
    private VirtioBlkQueue queue;

    @BeforeEach
    void setUp() throws Exception {
        disk = new VirtioBlk(new ModelDevice(1 << 20), VirtioBlkSettings.DEFAULT);
        disk.accept(VirtioFeatures.VERSION_1 | VirtioFeatures.RING_INDIRECT_DESC);
        queue = disk.queue(regions, rings(), () -> {});
        // A good read of one sector, of which each test breaks something.
        driver.header(HEADER, VirtioBlkRequest.READ, 0);
        driver.descriptor(0, BASE + HEADER, 16, DriverModel.NEXT, 1);
        driver.descriptor(1, BASE + DATA, 512, DriverModel.NEXT | DriverModel.WRITE, 2);
        driver.descriptor(2, BASE + STATUS, 1, DriverModel.WRITE, 0);
        memory.put(STATUS, (byte) 0xff);
    }

    private QueueRings rings() throws MalformedQueueException {
        return QueueRings.at(regions, SIZE, BASE, BASE + driver.availableOffset(), BASE + driver.usedOffset());
    }

    private void isRefused(String sentence) {
        driver.offer(0);
        refuses(sentence);
    }

    private void refuses(String sentence) {
        assertThatThrownBy(queue::process)
                .isInstanceOf(MalformedQueueException.class)
                .hasMessageContaining(sentence);
        assertThat(driver.take()).isNull();
        assertThatThrownBy(queue::process).hasMessageContaining(sentence);
    }

    private int answer() throws Exception {
        driver.offer(0);
        queue.process();
        assertThat(driver.take()).isNotNull();
        return memory.get(STATUS);
    }

    @Test
    void answersAGoodRequest() throws Exception {
        assertThat(answer()).isZero();
    }

    @Test
    void refusesLoops() {
        driver.descriptor(1, BASE + DATA, 512, DriverModel.NEXT | DriverModel.WRITE, 1);
        isRefused("too long, or a loop");
    }

    @Test
    void refusesLoopsInTables() {
        driver.descriptor(0, BASE + TABLE, 32, DriverModel.INDIRECT, 0);
        driver.descriptorAt(TABLE, BASE + HEADER, 16, DriverModel.NEXT, 1);
        driver.descriptorAt(TABLE + 16, BASE + HEADER, 16, DriverModel.NEXT, 0);
        isRefused("too long, or a loop");
    }

    @Test
    void refusesTablesThatAreFollowedByATable() {
        driver.descriptor(0, BASE + TABLE, 16, DriverModel.INDIRECT, 0);
        driver.descriptorAt(TABLE, BASE + TABLE, 16, DriverModel.INDIRECT, 0);
        isRefused("An indirect descriptor where none may be");
    }

    @Test
    void refusesTablesOfSizesThatNoneHas() {
        driver.descriptor(0, BASE + TABLE, 17, DriverModel.INDIRECT, 0);
        isRefused("A table of descriptors of 17 bytes");
    }

    @Test
    void refusesHugeTables() {
        driver.descriptor(0, BASE + TABLE, 0xffff_fff0, DriverModel.INDIRECT, 0);
        isRefused("A table of descriptors of 4294967280 bytes");
    }

    @Test
    void refusesTablesThatWereNotAgreedOn() throws Exception {
        disk.accept(VirtioFeatures.VERSION_1);
        queue = disk.queue(regions, rings(), () -> {});
        driver.descriptor(0, BASE + TABLE, 16, DriverModel.INDIRECT, 0);
        isRefused("An indirect descriptor where none may be");
    }

    @Test
    void refusesMoreDescriptorsThanAChainMayHave() {
        driver.descriptor(0, BASE + TABLE, 16 * 2000, DriverModel.INDIRECT, 0);
        for (int i = 0; i < 2000; i++) {
            driver.descriptorAt(TABLE + 16 * i, BASE + HEADER, 16, DriverModel.NEXT, i + 1);
        }
        isRefused("too long, or a loop");
    }

    @Test
    void refusesIndicesBeyondTheQueue() {
        driver.descriptor(0, BASE + HEADER, 16, DriverModel.NEXT, SIZE);
        isRefused("Descriptor 8 of 8");
    }

    @Test
    void refusesHeadsBeyondTheQueue() {
        driver.offer(SIZE);
        refuses("Descriptor 8 of 8");
    }

    @Test
    void refusesAnIndexThatRunsAhead() {
        driver.jump(SIZE + 1);
        refuses("runs ahead by 9 of 8");
    }

    @Test
    void refusesAddressesThatAreNoMemory() {
        driver.descriptor(1, BASE + MEMORY, 512, DriverModel.NEXT | DriverModel.WRITE, 2);
        isRefused("No memory at 0x110000");
    }

    @Test
    void refusesRangesThatLeaveMemory() {
        driver.descriptor(1, BASE + MEMORY - 511, 512, DriverModel.NEXT | DriverModel.WRITE, 2);
        isRefused("No memory at 0x110000");
    }

    @Test
    void refusesRangesThatWrapAround() {
        driver.descriptor(1, -100, 512, DriverModel.NEXT | DriverModel.WRITE, 2);
        isRefused("wraps around");
    }

    @Test
    void refusesEmptyDescriptors() {
        driver.descriptor(1, BASE + DATA, 0, DriverModel.NEXT | DriverModel.WRITE, 2);
        isRefused("A descriptor of no bytes");
    }

    @Test
    void refusesTheWrongOrder() {
        driver.descriptor(2, BASE + STATUS, 1, 0, 0);
        isRefused("A descriptor to read from behind one to write to");
    }

    @Test
    void refusesARequestWithoutStatus() {
        driver.descriptor(0, BASE + HEADER, 16, 0, 0);
        isRefused("without a place for its status");
    }

    @Test
    void refusesARequestWithoutAWholeHeader() {
        driver.descriptor(0, BASE + HEADER, 15, DriverModel.NEXT, 1);
        isRefused("without a whole header");
    }

    @Test
    void answersBuffersThatOverlapAsTheyCome() throws Exception {
        // Data over the header, and over the status byte: the guest's own affair.
        driver.descriptor(1, BASE + HEADER - 256, 512, DriverModel.NEXT | DriverModel.WRITE, 2);
        assertThat(answer()).isZero();
        driver.header(HEADER, VirtioBlkRequest.READ, 0);
        driver.descriptor(1, BASE + STATUS - 100, 512, DriverModel.NEXT | DriverModel.WRITE, 2);
        assertThat(answer()).isZero();
    }

    @Test
    void answersDataInTheWrongDirection() throws Exception {
        // A write whose data the device may not read has none: it writes nothing.
        driver.header(HEADER, VirtioBlkRequest.WRITE, 0);
        assertThat(answer()).isZero();
        assertThat(disk.statistics().writtenBytes()).isZero();
    }

    @Test
    void refusesRingsThatAreNoRings() {
        assertThatThrownBy(() -> QueueRings.at(regions, 7, BASE, BASE, BASE)).hasMessageContaining("7 descriptors");
        assertThatThrownBy(() -> QueueRings.at(regions, 65536, BASE, BASE, BASE))
                .isInstanceOf(MalformedQueueException.class);
        assertThatThrownBy(() -> QueueRings.at(regions, 8, BASE + 8, BASE, BASE))
                .hasMessageContaining("aligned");
        assertThatThrownBy(() -> QueueRings.at(regions, 8, BASE + MEMORY - 64, BASE, BASE))
                .hasMessageContaining("does not lie in one region");
        assertThatThrownBy(() -> QueueRings.at(regions, 8, 0, BASE, BASE)).hasMessageContaining("No memory");
    }
}
