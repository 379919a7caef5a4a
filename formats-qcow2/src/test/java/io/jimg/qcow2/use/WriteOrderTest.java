package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Options;
import io.jimg.ZeroMode;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.spi.CreateRequest;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** In what order an image changes its file. */
class WriteOrderTest {
    private static final int C = 4096;
    private static final long SIZE = 1 << 20;

    /** What happened to a file. */
    private record Event(String what, long start, long end) {
        boolean touches(long offset) {
            return offset >= start && offset < end;
        }
    }

    /** Writes down what is done to a storage. */
    private static final class Log extends KeptStorage {
        final List<Event> events = new ArrayList<>();

        Log(Storage inner) {
            super(inner);
        }

        @Override
        public void write(ByteBuffer source, long hostOffset) throws IOException {
            events.add(new Event("write", hostOffset, hostOffset + source.remaining()));
            super.write(source, hostOffset);
        }

        @Override
        public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
            events.add(new Event("write", hostOffset, hostOffset + length));
            return super.zero(hostOffset, length, keepAllocated);
        }

        @Override
        public Outcome punch(long hostOffset, long length) throws IOException {
            events.add(new Event("punch", hostOffset, hostOffset + length));
            return super.punch(hostOffset, length);
        }

        @Override
        public void flush() throws IOException {
            events.add(new Event("flush", -1, -1));
            super.flush();
        }

        int indexOf(String what, long offset) {
            for (int i = 0; i < events.size(); i++) {
                if (events.get(i).what.equals(what)
                        && (offset < 0 || events.get(i).touches(offset))) {
                    return i;
                }
            }
            return -1;
        }

        boolean flushedBetween(int from, int to) {
            return events.subList(from, to).stream().anyMatch(event -> event.what.equals("flush"));
        }
    }

    /** Ways to free a guest cluster. */
    private enum Freeing {
        DISCARD,
        ZERO
    }

    private static Log create() throws IOException {
        MemoryStorage storage = new MemoryStorage("image");
        Options options = Options.of(Qcow2.CLUSTER_SIZE, (long) C);
        new Qcow2Format().create(storage, new CreateRequest(SIZE, options, name -> storage));
        return new Log(storage);
    }

    private static DiskImage open(Log log) throws IOException {
        return Opening.forWriting()
                .with(Options.of(Qcow2OpenOptions.PASS_DISCARD_OTHER, true))
                .open(log);
    }

    private static void write(DiskImage image, int value, long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        image.write(ByteBuffer.wrap(bytes), offset);
    }

    private static void free(DiskImage image, Freeing freeing, long offset) throws IOException {
        if (freeing == Freeing.DISCARD) {
            image.discard(offset, C);
        } else {
            image.writeZeroes(offset, C, ZeroMode.MAY_UNMAP);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFreedClusterIsNeitherUsedNorPunchedBeforeItsPointerIsGone(Freeing freeing) throws IOException {
        Log log = create();
        try (DiskImage image = open(log)) {
            write(image, 1, 0, 4 * C);
            image.flush();
            long freed = image.extentAt(C, C).hostOffset();
            long l2Sector = l2Offset(log);
            log.events.clear();

            free(image, freeing, C);
            write(image, 2, 100 * C, 30 * C);
            assertThat(log.indexOf("write", freed))
                    .as("used again: %s", log.events)
                    .isNegative();
            assertThat(log.indexOf("punch", freed))
                    .as("punched: %s", log.events)
                    .isNegative();

            image.flush();
            int removed = log.indexOf("write", l2Sector);
            assertThat(removed).as("the pointer's removal: %s", log.events).isNotNegative();
            int punched = log.indexOf("punch", freed);
            assertThat(punched).as("punched: %s", log.events).isGreaterThan(removed);
            assertThat(log.flushedBetween(removed, punched)).isTrue();

            log.events.clear();
            write(image, 3, 200 * C, 2 * C);
            image.flush();
            assertThat(image.extentAt(200 * C, C).hostOffset())
                    .as("the freed cluster is used again")
                    .isEqualTo(freed);
        }
        assertThat(new Qcow2Check(log, Qcow2Opener.readHeader(log)).run().clean())
                .isTrue();
    }

    @Test
    void dataAndRefcountsAreDurableBeforeThePointer() throws IOException {
        Log log = create();
        try (DiskImage image = open(log)) {
            write(image, 1, 0, C);
            image.flush();
            long l2 = l2Offset(log);
            log.events.clear();
            write(image, 2, 5 * C, C);
            image.flush();
            long data = image.extentAt(5 * C, C).hostOffset();
            int pointer = log.indexOf("write", l2 + 5 * Long.BYTES);
            int written = log.indexOf("write", data);
            long refcounts = refcountBlock(log);
            int counted = log.indexOf("write", refcounts);
            assertThat(written).isBetween(0, pointer - 1);
            assertThat(counted).as("%s", log.events).isBetween(0, pointer - 1);
            assertThat(log.flushedBetween(Math.max(written, counted), pointer)).isTrue();
            assertThat(log.flushedBetween(pointer, log.events.size())).isTrue();
        }
    }

    @Test
    void aLargeWriteCostsFewUpdates() throws IOException {
        Log log = create();
        try (DiskImage image = open(log)) {
            write(image, 1, 0, 64 * C);
            image.flush();
            long writes = log.events.stream()
                    .filter(event -> event.what.equals("write"))
                    .count();
            long flushes = log.events.stream()
                    .filter(event -> event.what.equals("flush"))
                    .count();
            assertThat(writes).as("%s", log.events).isLessThanOrEqualTo(8);
            assertThat(flushes).as("%s", log.events).isLessThanOrEqualTo(4);
        }
    }

    private static long l2Offset(Storage file) throws IOException {
        long l1 = Qcow2Opener.readHeader(file).l1TableOffset();
        return number(file, l1) & 0xff_ffff_ffff_fe00L;
    }

    private static long refcountBlock(Storage file) throws IOException {
        return number(file, Qcow2Opener.readHeader(file).refcountTableOffset());
    }

    private static long number(Storage file, long offset) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
        file.read(bytes, offset);
        return bytes.getLong(0);
    }
}
