package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Snapshots;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.graph.NodeOpener;
import io.jimg.spi.Doc;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What images say of themselves.
 *
 * <pre>{@code
 * ImageInfo info = Info.of(image);
 * List<ImageInfo> chain = Info.chain(Images.standard(), "top.qcow2", OpenOptions.DEFAULT).run();
 * }</pre>
 */
public final class Info {
    private static final int SECTOR = 512;

    private Info() {}

    /** What an open image says of itself; of its guest's data nothing is read. */
    public static ImageInfo of(DiskImage image) throws IOException {
        Optional<BackingLink> backing = image.capability(BackingLink.class);
        Optional<Snapshots> snapshots = image.capability(Snapshots.class);
        List<Snapshot> list = snapshots.isPresent() ? snapshots.get().list() : List.of();
        Doc specific = image.formatSpecific();
        List<ImageInfo.Child> children = new ArrayList<>();
        // What an image occupies is what its files do: each is asked once, for asking may mean starting a program.
        long actualSize = 0;
        for (DiskImage.Child child : image.children()) {
            ImageInfo info = of(child.storage());
            children.add(new ImageInfo.Child(child.name(), info));
            actualSize = sum(actualSize, info.actualSize());
        }
        if (children.isEmpty()) {
            actualSize = image.allocatedSize();
        }
        // What a host file says of itself is nothing, but it is said.
        boolean ofFile = children.isEmpty() && actualSize != Storage.UNKNOWN_SIZE;
        return new ImageInfo(
                image.name(),
                image.format(),
                image.size(),
                actualSize,
                image.clusterSize(),
                image.encrypted(),
                image.dirty(),
                list,
                specific.isEmpty() && !ofFile ? null : specific,
                backing.map(BackingLink::backingName).orElse(null),
                backing.map(BackingLink::resolvedBackingName).orElse(null),
                backing.map(BackingLink::backingFormat).orElse(null),
                children);
    }

    private static long sum(long first, long second) {
        return first == Storage.UNKNOWN_SIZE || second == Storage.UNKNOWN_SIZE ? Storage.UNKNOWN_SIZE : first + second;
    }

    /**
     * What an image and all images beneath it say of themselves, the topmost first. Each is opened alone and closed
     * again, so that a chain whose middle is missing is told up to there.
     *
     * @param name the topmost image's; null where {@code options} describe a tree of nodes
     * @param options how it is opened; its gate decides on the others
     */
    public static Job<List<ImageInfo>> chain(Images images, @Nullable String name, OpenOptions options) {
        return chain(images, name, options, name);
    }

    /**
     * The same.
     *
     * @param called what complaints call the topmost image; null for nothing
     */
    public static Job<List<ImageInfo>> chain(
            Images images, @Nullable String name, OpenOptions options, @Nullable String called) {
        return new Job<>() {
            @Override
            protected List<ImageInfo> execute() throws IOException {
                OpenOptions how = options.withBacking(false).withInspectOnly(true);
                return walk(images, new First(name, how, called), this::checkCancelled);
            }
        };
    }

    /** The topmost image of a chain. */
    private record First(
            @Nullable String name,
            OpenOptions options,
            @Nullable String called) {}

    /** Lets a job stop a loop. */
    interface Pause {
        void check() throws ImageException;
    }

    private static List<ImageInfo> walk(Images images, First first, Pause pause) throws IOException {
        List<ImageInfo> chain = new ArrayList<>();
        Set<Object> seen = new HashSet<>();
        String name = first.name();
        String referrer = "";
        OpenOptions options = first.options();
        do {
            pause.check();
            if (name != null && !seen.add(name)) {
                throw new ImageException(ErrorKind.CORRUPT, "Backing file '" + name + "' creates an infinite loop.");
            }
            if (chain.size() == NodeOpener.LONGEST_CHAIN) {
                throw new ImageException(
                        ErrorKind.LIMIT, "The backing chain is longer than " + NodeOpener.LONGEST_CHAIN + " images");
            }
            try (DiskImage image = chain.isEmpty()
                    ? open(images, name, options, first.called())
                    : openBeneath(images, Objects.requireNonNull(name), referrer, options)) {
                ImageInfo info = of(image);
                chain.add(info);
                referrer = image.name();
                name = info.fullBackingFilename();
                options = options.withFormat(info.backingFormat()).withDriverOptions(DottedOptions.EMPTY);
            }
        } while (name != null);
        return chain;
    }

    private static DiskImage open(Images images, @Nullable String name, OpenOptions options, @Nullable String called)
            throws IOException {
        try {
            return name == null ? images.openTree(options) : images.open(name, options);
        } catch (IOException failed) {
            throw ImageException.wrap(failed).prefixed(called == null ? "" : "Could not open '" + called + "': ");
        }
    }

    /** Opens what an image names; the gate decides. */
    private static DiskImage openBeneath(Images images, String name, String referrer, OpenOptions options)
            throws IOException {
        try {
            return images.openReferred(name, OpenGate.Role.BACKING_FILE, referrer, options);
        } catch (IOException failed) {
            throw ImageException.wrap(failed).prefixed("Could not open '" + name + "': ");
        }
    }

    private static ImageInfo of(Storage storage) throws IOException {
        if (storage instanceof BlockDeviceStorage nested && nested.device() instanceof DiskImage image) {
            return of(image);
        }
        long actualSize = storage.allocatedSize();
        return new ImageInfo(
                storage.name(),
                storage.protocol(),
                (storage.size() + SECTOR - 1) / SECTOR * SECTOR,
                actualSize,
                0,
                false,
                false,
                List.of(),
                actualSize == Storage.UNKNOWN_SIZE ? null : Doc.EMPTY,
                null,
                null,
                null,
                List.of());
    }
}
