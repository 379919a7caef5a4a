package io.jimg.qcow2.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.Options;
import io.jimg.capability.Amendable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2AmendOptions;
import io.jimg.qcow2.amend.CompressedSearch;
import io.jimg.qcow2.amend.ZeroRemoval;
import io.jimg.qcow2.bitmaps.BitmapEdits;
import io.jimg.qcow2.check.RefcountWidth;
import io.jimg.qcow2.check.SnapshotCompletion;
import io.jimg.qcow2.encryption.KeySlotAmend;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.CompatibleFeature;
import io.jimg.qcow2.header.CompressionType;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderExtension;
import io.jimg.qcow2.header.HeaderRewrite;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.snapshot.SnapshotReader;
import io.jimg.spi.OpenContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A change of an open image's options, as qemu-img amend makes it: version 3 first if that is wanted, then refcounts,
 * what the header says, the size, and version 2 last. All that can be refused is refused before, save what depends on
 * the size.
 */
final class ImageAmend extends Job<Boolean> {
    private static final int UNITS = 1_000_000;
    /** What version 2 has room for in an entry of the snapshot table. */
    private static final long LARGEST_VM_STATE = 0xFFFF_FFFFL;

    private final Qcow2Image image;
    private final Options options;
    private final boolean force;
    private boolean changed;
    private int step;
    private int steps = 1;

    /**
     * A change.
     *
     * @param force whether even the last passphrase may be taken away
     */
    ImageAmend(Qcow2Image image, Options options, boolean force) {
        this.image = image;
        this.options = options;
        this.force = force;
    }

    /** The capability to amend an image that is open for writing. */
    static Amendable capabilityOf(Qcow2Image image) {
        return new Amendable() {
            @Override
            public Job<Boolean> amend(Options options, boolean force) {
                return new ImageAmend(image, options, force);
            }

            @Override
            public void refuse(Set<String> names) throws ImageException {
                KeySlotAmend.wanted(option -> names.contains(option.name()), image.header());
            }
        };
    }

    @Override
    protected Boolean execute() throws IOException {
        AmendPlan plan = AmendPlan.of(image, options);
        if (plan.downgrade()) {
            refuseDowngrade();
        }
        boolean otherWidth = plan.refcountOrder() != image.header().refcountOrder();
        Long size = options.has(Qcow2.SIZE) ? options.get(Qcow2.SIZE) : null;
        // A size of 0 is none that was asked for, as in QEMU.
        boolean otherSize = size != null && size != 0 && size != image.header().size();
        steps = Math.max(1, (otherWidth ? 1 : 0) + (otherSize ? 1 : 0) + (plan.downgrade() ? 1 : 0));
        progress(0, (long) steps * UNITS);
        if (plan.keySlots()) {
            OpenContext context = image.context();
            changed |= image.exclusively(new KeySlotAmend(context.options(), context.secrets(), options, force));
        }
        if (plan.upgrade()) {
            image.exclusively(new SnapshotCompletion());
            rewrite(ImageAmend::version3);
        }
        if (otherWidth) {
            changed |= image.exclusively(new RefcountWidth(plan.refcountOrder(), this::passed));
            next();
        }
        amendHeader();
        if (otherSize) {
            resize(Objects.requireNonNull(size));
            next();
        }
        if (plan.downgrade()) {
            refuseSnapshots();
            removeZeroes();
            // Version 2 has no bitmaps: what they take would leak.
            changed |= image.exclusively(file -> new BitmapEdits(file).removeAll());
            rewrite(Header::asVersion2);
        }
        progress((long) steps * UNITS, (long) steps * UNITS);
        return changed;
    }

    /** Without the features' names where there is no room for them. */
    private static Header version3(Header header) {
        Header whole = header.asVersion3();
        return HeaderRewrite.fits(whole) ? whole : whole.withExtension(HeaderExtension.FEATURE_NAMES, null);
    }

    private void amendHeader() throws IOException {
        Header header = image.header();
        Header wanted = header;
        if (options.has(Qcow2.DATA_FILE)) {
            String name = options.require(Qcow2.DATA_FILE);
            wanted = wanted.withExtension(
                    HeaderExtension.DATA_FILE,
                    name.isEmpty() ? null : HeaderExtension.ofText(HeaderExtension.DATA_FILE, name));
        }
        if (options.has(Qcow2.DATA_FILE_RAW)) {
            wanted = wanted.withAutoclear(
                    wanted.autoclear().with(AutoclearFeature.RAW_EXTERNAL_DATA, options.require(Qcow2.DATA_FILE_RAW)));
        }
        if (options.has(Qcow2AmendOptions.LAZY_REFCOUNTS) && header.version() >= 3) {
            wanted = wanted.withCompatible(wanted.compatible()
                    .with(CompatibleFeature.LAZY_REFCOUNTS, options.require(Qcow2AmendOptions.LAZY_REFCOUNTS)));
        }
        if (!wanted.equals(header)) {
            Header result = wanted;
            rewrite(present -> present.withExtensions(result.extensions())
                    .withAutoclear(result.autoclear())
                    .withCompatible(result.compatible()));
        }
    }

    private void resize(long size) throws IOException {
        ImageResize resize = new ImageResize(image, size, Preallocation.OFF, true);
        resize.onProgress((done, total) -> {
            if (cancelled()) {
                resize.cancel();
            }
        });
        resize.run();
        changed = true;
    }

    /** Judged by the size that the image has then: a resize that was asked for, too, is done by now. */
    private void refuseSnapshots() throws IOException {
        Header header = image.header();
        for (SnapshotEntry snapshot :
                SnapshotReader.read(image.foundation().files().file(), header).entries()) {
            if (snapshot.vmStateSize() > LARGEST_VM_STATE || snapshot.diskSize() != header.size()) {
                throw new ImageException(ErrorKind.BAD_OPTION, "Internal snapshots prevent downgrade of image");
            }
        }
    }

    private void removeZeroes() throws IOException {
        try {
            boolean backing = image.header().backingName() != null;
            Foundation foundation = image.foundation();
            ByteBuffer zeroes = ByteBuffer.allocate(image.clusterSize());
            changed |= image.exclusively(new ZeroRemoval(
                    backing,
                    (hostOffset, guestOffset) -> foundation
                            .guestData(foundation.files().file())
                            .write(zeroes.clear(), hostOffset, guestOffset),
                    this::passed));
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed("Failed to turn zero into data clusters: ");
        }
    }

    private void refuseDowngrade() throws IOException {
        Header header = image.header();
        long hindering = header.incompatible()
                .without(IncompatibleFeature.DIRTY)
                .without(IncompatibleFeature.COMPRESSION_TYPE)
                .bits();
        if (header.hasDataFile()) {
            throw fail("Cannot downgrade an image with a data file");
        }
        if (hindering != 0) {
            throw fail(
                    "Cannot downgrade an image with incompatible features 0x" + Long.toHexString(hindering) + " set");
        }
        if (header.compressionType() != CompressionType.ZLIB && image.exclusively(new CompressedSearch())) {
            throw fail("Cannot downgrade an image with zstd compression type and existing compressed clusters");
        }
    }

    private void rewrite(UnaryOperator<Header> change) throws IOException {
        image.exclusively(file -> {
            file.rewriteHeader(change);
            return true;
        });
        changed = true;
    }

    private void next() throws ImageException {
        checkCancelled();
        step++;
        progress((long) step * UNITS, (long) steps * UNITS);
    }

    private void passed(long done, long total) throws ImageException {
        checkCancelled();
        progress((long) step * UNITS + (long) ((double) UNITS * done / Math.max(1, total)), (long) steps * UNITS);
    }

    private ImageException fail(String sentence) {
        return new ImageException(ErrorKind.UNSUPPORTED, sentence, image.name(), ImageException.NO_OFFSET, null);
    }
}
