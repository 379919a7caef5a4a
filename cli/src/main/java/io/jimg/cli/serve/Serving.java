package io.jimg.cli.serve;

import io.jimg.cli.process.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The life of a server: images are opened, exports are offered, and once a signal comes or, where that is wanted, the
 * last client has gone, requests in flight are finished and the images are closed. Used once.
 */
public final class Serving {
    private final boolean persistent;
    private final @Nullable Path pidFile;

    /**
     * A server to be run.
     *
     * @param persistent whether it goes on when the last client has gone
     * @param pidFile where the process is told; null for nowhere
     */
    public Serving(boolean persistent, @Nullable Path pidFile) {
        this.persistent = persistent;
        this.pidFile = pidFile;
    }

    /** Opens one image. */
    @FunctionalInterface
    public interface Opening {
        ServedImage open() throws CommandException, IOException;
    }

    /** Offers images that are open. */
    @FunctionalInterface
    public interface Offering {
        Service offer(List<ServedImage> images) throws CommandException, IOException;
    }

    /** Tells the world that the exports are there. */
    @FunctionalInterface
    public interface Announcement {
        void announce(List<String> addresses);
    }

    /** Serves to the end. */
    public void run(List<Opening> openings, Offering offering, Announcement announcement)
            throws CommandException, IOException {
        try (StopSignal signal = new StopSignal()) {
            boolean told = false;
            try (OpenImages images = new OpenImages()) {
                for (Opening opening : openings) {
                    images.opened.add(opening.open());
                }
                try (Service service = offering.offer(images.opened)) {
                    if (pidFile != null) {
                        PidFile.write(pidFile);
                        told = true;
                    }
                    announcement.announce(service.addresses());
                    await(signal, service);
                }
            } finally {
                if (told && pidFile != null) {
                    Files.deleteIfExists(pidFile);
                }
            }
        }
    }

    private void await(StopSignal signal, Service service) throws CommandException {
        if (!persistent) {
            Thread watch = new Thread(() -> watch(signal, service), "jimg-last-client");
            watch.setDaemon(true);
            watch.start();
        }
        try {
            signal.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CommandException("The operation was cancelled");
        }
    }

    private static void watch(StopSignal signal, Service service) {
        try {
            service.awaitLastClient();
        } catch (InterruptedException over) {
            Thread.currentThread().interrupt();
        }
        signal.stop();
    }

    /** Images that are closed together. */
    private static final class OpenImages implements AutoCloseable {
        final List<ServedImage> opened = new ArrayList<>();

        @Override
        public void close() throws IOException {
            IOException failed = null;
            for (ServedImage image : opened) {
                try {
                    image.close();
                } catch (IOException failure) {
                    if (failed == null) {
                        failed = failure;
                    } else {
                        failed.addSuppressed(failure);
                    }
                }
            }
            if (failed != null) {
                throw failed;
            }
        }
    }
}
