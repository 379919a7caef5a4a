package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.WriteFlag;
import io.jimg.device.ForwardingDevice;
import io.jimg.nbd.NbdAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A write that must be durable is one request from our client to our server, and not a write and a flush. */
@Tag("quick")
class DurableWriteTest {
    @TempDir
    private Path folder;

    /** A disk that counts what must be durable. */
    private static final class Counting extends ForwardingDevice {
        final AtomicInteger durable = new AtomicInteger();
        final AtomicInteger flushes = new AtomicInteger();

        Counting(BlockDevice disk) {
            super(disk);
        }

        @Override
        public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
            durable.addAndGet(flags.length);
            super.write(source, offset, flags);
        }

        @Override
        public void flush() throws IOException {
            flushes.incrementAndGet();
            super.flush();
        }
    }

    @Test
    void carriesTheFlag() throws IOException {
        Path file = Files.write(folder.resolve("disk.raw"), new byte[1 << 20]);
        OpenOptions raw = OpenOptions.DEFAULT.withFormat("raw").withWritable(true);
        NbdAddress address = new NbdAddress.Unix(folder.resolve("socket").toString());
        try (DiskImage disk = Images.standard().open(file, raw)) {
            Counting counting = new Counting(disk);
            try (NbdServer server =
                    NbdServer.start(address, List.of(NbdExport.of("disk", counting)), NbdServerLimits.DEFAULT)) {
                String url = server.address().url("disk");
                try (DiskImage image = Images.standard().open(url, raw)) {
                    image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5, WriteFlag.FUA);
                    assertThat(counting.durable).hasValue(1);
                    image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5);
                    assertThat(counting.durable).hasValue(1);
                    assertThat(counting.flushes).hasValue(0);
                }
                try (DiskImage image = Images.standard().open(url, raw.withCache(CacheMode.WRITETHROUGH))) {
                    image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5);
                    assertThat(counting.durable).hasValue(2);
                }
            }
            ByteBuffer read = ByteBuffer.allocate(4);
            disk.read(read, 5);
            assertThat(read.array()).containsExactly(1, 2, 3, 0);
        }
    }
}
