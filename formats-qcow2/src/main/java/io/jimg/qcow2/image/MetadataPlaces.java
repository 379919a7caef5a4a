package io.jimg.qcow2.image;

import io.jimg.Options;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.qcow2.Qcow2OpenOptions.OverlapCheck;
import io.jimg.qcow2.allocation.MetadataGuard;
import io.jimg.qcow2.allocation.MetadataSection;
import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.EncryptionPointer;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L1Table;
import io.jimg.qcow2.snapshot.SnapshotReader;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/** Finds out where an image's metadata lies, for the guard of its writes. */
final class MetadataPlaces {
    private static final int PIECE = 1 << 20;

    private final Storage file;
    private final Header header;
    private final Geometry geometry;

    MetadataPlaces(Storage file, Header header, Geometry geometry) {
        this.file = file;
        this.header = header;
        this.geometry = geometry;
    }

    /** The guard that options ask for; the refcount structures are added by the allocator. */
    MetadataGuard guard(L1Table l1, Options options) throws IOException {
        MetadataGuard guard = new MetadataGuard(geometry, sections(options));
        guard.with(MetadataSection.ACTIVE_L1, header.l1TableOffset(), (long) header.l1Size() * Long.BYTES)
                .with(MetadataSection.ACTIVE_L2, l1.places());
        BitmapsExtension bitmaps = header.bitmaps();
        if (bitmaps != null) {
            guard.with(MetadataSection.BITMAP_DIRECTORY, bitmaps.directoryOffset(), bitmaps.directorySize());
        }
        EncryptionPointer encryption = header.encryption();
        if (encryption != null) {
            guard.with(MetadataSection.ENCRYPTION_HEADER, encryption.hostOffset(), encryption.length());
        }
        if (header.snapshotCount() != 0) {
            guardSnapshots(guard);
        }
        return guard;
    }

    private void guardSnapshots(MetadataGuard guard) throws IOException {
        SnapshotTable table = SnapshotReader.read(file, header);
        List<MetadataGuard.Place> l1Tables = table.entries().stream()
                .filter(MetadataPlaces::plausible)
                .map(entry -> new MetadataGuard.Place(entry.l1TableOffset(), entry.l1Size() * Long.BYTES))
                .distinct()
                .toList();
        guard.with(MetadataSection.SNAPSHOT_TABLE, header.snapshotsOffset(), table.length())
                .with(MetadataSection.INACTIVE_L1, l1Tables);
        if (guard.guards(MetadataSection.INACTIVE_L2)) {
            for (MetadataGuard.Place each : l1Tables) {
                guardL2Tables(guard, each);
            }
        }
    }

    /** A table elsewhere is no snapshot's, and whoever uses the snapshot is told so. */
    private static boolean plausible(SnapshotEntry entry) {
        return entry.l1TableOffset() > 0
                && entry.l1TableOffset() <= EntryCodec.OFFSET_MASK
                && entry.l1Size() <= HeaderLimits.MAX_L1_BYTES / Long.BYTES;
    }

    private void guardL2Tables(MetadataGuard guard, MetadataGuard.Place l1) throws IOException {
        long end = Math.min(l1.length(), file.size() - l1.hostOffset());
        for (long at = 0; at < end; at += PIECE) {
            ByteBuffer piece = GuestMap.read(file, l1.hostOffset() + at, (int) Math.min(PIECE, end - at));
            LongStream.Builder places = LongStream.builder();
            while (piece.remaining() >= Long.BYTES) {
                places.add(piece.getLong() & EntryCodec.OFFSET_MASK);
            }
            guard.with(MetadataSection.INACTIVE_L2, places.build());
        }
    }

    private static Set<MetadataSection> sections(Options options) {
        OverlapCheck template = options.get(Qcow2OpenOptions.OVERLAP_CHECK);
        if (template == null) {
            template = options.get(Qcow2OpenOptions.OVERLAP_CHECK_TEMPLATE);
        }
        Set<MetadataSection> sections = EnumSet.noneOf(MetadataSection.class);
        for (MetadataSection section : MetadataSection.values()) {
            boolean wanted = guards(template == null ? OverlapCheck.CACHED : template, section);
            Boolean stated = section == MetadataSection.ENCRYPTION_HEADER
                    ? null
                    : options.get(Qcow2OpenOptions.overlapCheck(section.text()));
            if (stated == null ? wanted : stated) {
                sections.add(section);
            }
        }
        return sections;
    }

    private static boolean guards(OverlapCheck template, MetadataSection section) {
        return switch (section) {
            case MAIN_HEADER, ACTIVE_L1, REFCOUNT_TABLE, SNAPSHOT_TABLE, BITMAP_DIRECTORY, ENCRYPTION_HEADER ->
                template != OverlapCheck.NONE;
            case ACTIVE_L2, REFCOUNT_BLOCK, INACTIVE_L1 ->
                template == OverlapCheck.CACHED || template == OverlapCheck.ALL;
            case INACTIVE_L2 -> template == OverlapCheck.ALL;
        };
    }
}
