package io.jimg.ops;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenLimits;
import io.jimg.OpenOptions;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Snapshots;
import io.jimg.spi.DigestAlgorithm;
import io.jimg.spi.ImageFormat;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.validate.Names;
import io.jimg.validate.Place;
import io.jimg.validate.Policy;
import io.jimg.validate.Rule;
import io.jimg.validate.Severity;
import io.jimg.validate.Validation;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** The work of {@link Validate}. */
final class ValidateJob extends Job<Validation> {
    private static final int PARALLEL = 8;
    private static final int MOST_SNAPSHOTS = 1000;
    /** Units of progress, and where in them the parts of the work end. */
    private static final long WHOLE = 1000;

    private static final long CHECKED = 300;
    private static final long AUDITED = 800;

    /** Failures of the host, or of how we were called, that say nothing about the image. */
    private static final Set<ErrorKind> COULD_NOT_RUN =
            Set.of(ErrorKind.IO, ErrorKind.LOCKED, ErrorKind.CANCELLED, ErrorKind.CLOSED, ErrorKind.NO_SPACE);

    /** Failures to open that need not be the image's fault: its metadata may still be looked at. */
    private static final Set<ErrorKind> NOT_AT_HAND =
            Set.of(ErrorKind.DENIED, ErrorKind.SECRET, ErrorKind.BAD_OPTION, ErrorKind.NOT_FOUND, ErrorKind.PERMISSION);

    private final Images images;
    private final String name;
    private final Policy policy;
    private final OpenOptions options;
    private final @Nullable DigestAlgorithm algorithm;
    private final String expected;
    private final FindingList findings;
    private boolean compared;

    ValidateJob(
            Images images,
            String name,
            Policy policy,
            OpenOptions options,
            @Nullable DigestAlgorithm algorithm,
            String expected) {
        this.images = images;
        this.name = name;
        this.policy = policy;
        this.options = options;
        this.algorithm = algorithm;
        this.expected = expected;
        this.findings = new FindingList(policy);
    }

    @Override
    protected Validation execute() throws IOException {
        String stated = options.format();
        ImageFormat statedFormat = stated == null ? null : images.format(stated);
        long fileSize;
        ImageFormat format;
        try (Storage file = images.storageName(name).open(false, CacheMode.WRITEBACK)) {
            fileSize = file.size();
            format = new FormatClaims(images, file, findings).settle(statedFormat);
            inspect(format, file);
        }
        checkCancelled();
        long virtualSize = -1;
        long runs = 0;
        try (Opened opened = open(format)) {
            DiskImage image = opened.image();
            if (image != null) {
                virtualSize = image.size();
                runs = examine(image, opened.readable(), format);
            }
        }
        if (algorithm != null && !compared) {
            findings.found(
                    Rule.DIGEST,
                    Place.IMAGE,
                    "The content was not compared with the digest, for not all of it could be read");
        }
        progress(WHOLE, WHOLE);
        return new Validation(
                name,
                format.name(),
                policy.name(),
                virtualSize,
                fileSize,
                runs,
                findings.findings(),
                findings.leftOut());
    }

    private void inspect(ImageFormat format, Storage file) throws IOException {
        try {
            format.inspect(file, findings);
        } catch (ImageException damaged) {
            told(Rule.HEADER, damaged);
        }
    }

    /** Tells of a failure that an image is at fault in; throws one that it is not. */
    private void told(Rule rule, ImageException failure) throws ImageException {
        if (COULD_NOT_RUN.contains(failure.kind())) {
            throw failure;
        }
        Place place = failure.offset() == ImageException.NO_OFFSET ? Place.IMAGE : Place.host(failure.offset());
        findings.found(rule, place, Names.sentence(failure));
    }

    /** An image, or none where it cannot be opened, and whether its data can be read. */
    private record Opened(@Nullable DiskImage image, boolean readable) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            if (image != null) {
                image.close();
            }
        }
    }

    private Opened open(ImageFormat format) throws IOException {
        OpenLimits limits = OpenLimits.NONE
                .withMetadataSize(policy.limit(Rule.METADATA_SIZE))
                .withChainDepth(1)
                .withRunSize(ContentAudit.LARGEST_RUN)
                .withKeyIterations(policy.limit(Rule.LUKS_ITERATIONS))
                .withFormatStated(true);
        OpenOptions how = options.withFormat(format.name())
                .withWritable(false)
                .withWritableLayer(0)
                .withBacking(false)
                .withToCheck(true)
                .withLimits(limits);
        try {
            return new Opened(images.open(name, how.withInspectOnly(false)), true);
        } catch (ImageException failure) {
            if (failure.kind() == ErrorKind.SECRET && secretGiven()) {
                throw failure;
            }
            if (!NOT_AT_HAND.contains(failure.kind())) {
                told(Rule.HEADER, failure);
                return new Opened(null, false);
            }
            findings.found(Rule.UNEXAMINED, Place.IMAGE, "Guest data was not read: " + Names.sentence(failure));
        }
        try {
            return new Opened(images.open(name, how.withInspectOnly(true)), false);
        } catch (ImageException failure) {
            if (!NOT_AT_HAND.contains(failure.kind())) {
                told(Rule.HEADER, failure);
            }
            return new Opened(null, false);
        }
    }

    /** Whether the caller named a secret, and so is at fault where it is none or a wrong one. */
    private boolean secretGiven() {
        return options.driverOptions().entries().keySet().stream().anyMatch(key -> key.endsWith("key-secret"));
    }

    private long examine(DiskImage image, boolean readable, ImageFormat format) throws IOException {
        findings.measured(Rule.VIRTUAL_SIZE, image.size(), Place.IMAGE, "The guest's disk");
        boolean small = image.size() <= policy.limit(Rule.VIRTUAL_SIZE);
        new MetadataCheck(image, findings, this::checkCancelled).run(this::progressOfCheck);
        progress(CHECKED, WHOLE);
        if (!readable) {
            return 0;
        }
        head(image, format);
        if (!small) {
            findings.found(Rule.UNEXAMINED, Place.IMAGE, "Guest data was not read: the disk is larger than allowed");
            return 0;
        }
        Map<String, Long> lengths = ContentAudit.lengths(image);
        long runs = new ContentAudit(image, lengths, policy, findings, steps(image)).execute(PARALLEL);
        runs += snapshots(image, lengths);
        progress(AUDITED, WHOLE);
        digest(image);
        return runs;
    }

    /**
     * Walks over the older states of the disk, each of which may be its present one tomorrow, within the same bounds.
     */
    private long snapshots(DiskImage image, Map<String, Long> lengths) throws IOException {
        Optional<Snapshots> capability = image.capability(Snapshots.class);
        if (capability.isEmpty() || policy.severity(Rule.COMPRESSED_DATA) == Severity.OFF) {
            return 0;
        }
        List<Snapshots.Snapshot> list;
        try {
            list = capability.get().list();
        } catch (ImageException damaged) {
            told(Rule.UNREADABLE, damaged);
            return 0;
        }
        long runs = 0;
        for (Snapshots.Snapshot snapshot : list.subList(0, Math.min(MOST_SNAPSHOTS, list.size()))) {
            checkCancelled();
            runs += snapshot(capability.get(), snapshot, lengths);
        }
        if (list.size() > MOST_SNAPSHOTS) {
            findings.found(
                    Rule.UNEXAMINED,
                    Place.IMAGE,
                    "Of " + list.size() + " snapshots the first " + MOST_SNAPSHOTS + " were looked at");
        }
        return runs;
    }

    private long snapshot(Snapshots snapshots, Snapshots.Snapshot snapshot, Map<String, Long> lengths)
            throws IOException {
        String prefix = "In the snapshot " + Inspection.quoted(snapshot.id()) + ": ";
        if (snapshot.diskSize() > policy.limit(Rule.VIRTUAL_SIZE)) {
            findings.measured(Rule.VIRTUAL_SIZE, snapshot.diskSize(), Place.IMAGE, prefix + "the guest's disk");
            return 0;
        }
        try (DiskImage older = snapshots.open(snapshot.id())) {
            return new ContentAudit(older, lengths, policy, new Prefixed(findings, prefix), steps(reached -> {}))
                    .execute(PARALLEL);
        } catch (ImageException damaged) {
            told(Rule.UNREADABLE, damaged);
            return 0;
        }
    }

    /** Findings whose sentences tell in what part of an image they were made. */
    private record Prefixed(Inspection inspection, String prefix) implements Inspection {
        @Override
        public void found(Rule rule, Place place, String sentence) {
            inspection.found(rule, place, prefix + sentence);
        }

        @Override
        public void measured(Rule rule, long value, Place place, String what) {
            inspection.measured(rule, value, place, prefix + what);
        }
    }

    private void progressOfCheck(long done, long total) {
        progress((long) ((double) CHECKED * done / Math.max(1, total)), WHOLE);
    }

    private ContentAudit.Steps steps(DiskImage image) {
        double total = Math.max(1, image.size());
        return steps(at -> progress(CHECKED + (long) ((AUDITED - CHECKED) * (at / total)), WHOLE));
    }

    private ContentAudit.Steps steps(LongConsumer reached) {
        return new ContentAudit.Steps() {
            @Override
            public void check() throws ImageException {
                checkCancelled();
            }

            @Override
            public LongConsumer reached() {
                return reached;
            }
        };
    }

    /** Looks at how the guest's disk begins. */
    private void head(DiskImage image, ImageFormat format) throws IOException {
        try {
            new PartitionTables(image, findings).inspect();
            Storage disk = new BlockDeviceStorage(image);
            // The file of a plain disk is what the guest sees; it was asked about before.
            if (FormatClaims.certain(format, image)) {
                Signatures nested = Signatures.of(images, disk);
                if (!nested.claims().isEmpty()) {
                    findings.found(
                            Rule.NESTED_FORMAT,
                            Place.guest(0),
                            "The guest's disk begins like an image in the format " + Signatures.words(nested.claims()));
                }
            }
        } catch (ImageException damaged) {
            told(Rule.UNREADABLE, damaged);
        }
    }

    private void digest(DiskImage image) throws IOException {
        if (algorithm == null) {
            return;
        }
        String beneath = image.capability(BackingLink.class)
                .map(BackingLink::backingName)
                .orElse(null);
        compared = true;
        if (beneath != null) {
            findings.found(
                    Rule.DIGEST,
                    Place.IMAGE,
                    "The content was not compared with the digest, for what the backing file holds was not read: "
                            + Inspection.quoted(beneath));
            return;
        }
        Job<byte[]> job = Digest.of(image, algorithm);
        job.onProgress((done, total) -> {
            progress(AUDITED + (long) ((double) (WHOLE - AUDITED) * done / total), WHOLE);
            if (cancelled()) {
                job.cancel();
            }
        });
        try {
            String actual = Digest.hex(job.run());
            if (!actual.equals(expected.toLowerCase(Locale.ROOT))) {
                findings.found(
                        Rule.DIGEST,
                        Place.IMAGE,
                        "The content has the " + algorithm.name() + " " + actual + ", not " + expected);
            }
        } catch (ImageException unreadable) {
            told(Rule.UNREADABLE, unreadable);
        }
    }
}
