package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.WriteFlag;
import io.jimg.device.ForwardingDevice;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.NbdClient;
import io.jimg.nbd.wire.Transmission;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many clients at once, and clients that are gone while their requests are not. */
@Tag("quick")
@Timeout(60)
class CrowdTest {
    private static final int CROWD = Integer.getInteger("jimg.nbd.crowd", 1000);

    @TempDir
    private Path folder;

    private BlockDevice disk;

    @BeforeEach
    void open() throws IOException {
        Path file = Files.write(folder.resolve("disk.raw"), new byte[1 << 20]);
        disk = Images.standard()
                .open(file, OpenOptions.DEFAULT.withFormat("raw").withWritable(true));
    }

    @AfterEach
    void close() throws IOException {
        disk.close();
    }

    private static NbdServer serve(BlockDevice device, int clients) throws IOException {
        return NbdServer.start(
                new NbdAddress.Inet("127.0.0.1", 0),
                List.of(NbdExport.of("disk", device)),
                new NbdServerLimits(clients, 2, Duration.ofMinutes(1)));
    }

    /** Many who say nothing, where a handshake may take a minute, do not keep out who has something to say. */
    @Test
    void silentClientsMakeRoom() throws IOException {
        List<SocketChannel> silent = new ArrayList<>();
        try (NbdServer server = serve(disk, 128)) {
            int port = ((NbdAddress.Inet) server.address()).port();
            for (int i = 0; i < CROWD; i++) {
                silent.add(SocketChannel.open(new InetSocketAddress("127.0.0.1", port)));
            }
            try (NbdClient client = NbdClient.connect(server.address(), "disk", List.of())) {
                client.read(ByteBuffer.allocate(10), 0);
            }
        } finally {
            for (SocketChannel each : silent) {
                each.close();
            }
        }
    }

    @Test
    void hundredsOfClientsAreServedTogether() throws IOException {
        List<NbdClient> clients = new ArrayList<>();
        try (NbdServer server = serve(disk, CROWD)) {
            for (int i = 0; i < CROWD / 4; i++) {
                NbdClient client = NbdClient.connect(server.address(), "disk", List.of());
                clients.add(client);
                client.write(ByteBuffer.wrap(new byte[] {(byte) i}), i, false);
            }
            ByteBuffer all = ByteBuffer.allocate(clients.size());
            clients.get(0).read(all, 0);
            for (int i = 0; i < clients.size(); i++) {
                assertThat(all.get(i)).isEqualTo((byte) i);
            }
            assertThat(server.statistics("disk").connections()).isEqualTo(clients.size());
        } finally {
            clients.forEach(NbdClient::close);
        }
    }

    /** A disk whose writes take until they are let go on, or until it is flushed, which must not happen before. */
    private static final class SlowDisk extends ForwardingDevice {
        final CountDownLatch writing = new CountDownLatch(1);
        final CountDownLatch flushed = new CountDownLatch(1);
        final AtomicBoolean written = new AtomicBoolean();
        final AtomicBoolean flushedBefore = new AtomicBoolean();

        SlowDisk(BlockDevice disk) {
            super(disk);
        }

        @Override
        public void write(ByteBuffer source, long guestOffset, WriteFlag... flags) throws IOException {
            writing.countDown();
            try {
                flushed.await(300, TimeUnit.MILLISECONDS);
            } catch (InterruptedException interrupted) {
                throw new IOException(interrupted);
            }
            super.write(source, guestOffset, flags);
            written.set(true);
        }

        @Override
        public void flush() throws IOException {
            flushedBefore.set(!written.get());
            flushed.countDown();
            super.flush();
        }
    }

    @Test
    void whatAClientAskedBeforeItVanishedIsDoneBeforeTheEnd() throws Exception {
        SlowDisk slow = new SlowDisk(disk);
        try (NbdServer server = serve(slow, 2)) {
            try (RawClient client = new RawClient(server.address()).begin("disk", Replies.SIMPLE)) {
                client.request(0, Transmission.CMD_WRITE, 0, 1, (byte) 7);
                slow.writing.await();
                client.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        }
        assertThat(slow.written).isTrue();
        assertThat(slow.flushedBefore).isFalse();
    }
}
