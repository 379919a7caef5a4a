package io.jimg.vmdk.inspect;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.validate.Names;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.descriptor.DescriptorPlace;
import io.jimg.vmdk.descriptor.Signature;
import io.jimg.vmdk.sparse.SparseExtents;
import io.jimg.vmdk.sparse.SparseHeader;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Looks at a file's header, its footer and its descriptor ("Virtual Disk Format 1.1"), and tells what is unusual. Reads
 * at most {@link Descriptor#LONGEST} bytes. Used for one file.
 */
public final class Inspector {
    private static final int SECTOR = 512;

    /** Where every known writer puts an embedded descriptor, in sectors. */
    private static final long USUAL_PLACE = 1;

    private final Storage file;
    private final Inspection inspection;
    private final long fileSize;

    private Inspector(Storage file, Inspection inspection) throws IOException {
        this.file = file;
        this.inspection = inspection;
        this.fileSize = file.size();
    }

    /** Looks at a file. */
    public static void inspect(Storage file, Inspection inspection) throws IOException {
        new Inspector(file, inspection).run();
    }

    private void run() throws IOException {
        ByteBuffer head = ByteBuffer.allocate(SparseHeader.LENGTH);
        file.read(head, 0);
        head.flip();
        if (SparseExtents.looksLikeCowd(head)) {
            inspection.found(Rule.SUBFORMAT, Place.IMAGE, "The file is a copy-on-write extent of ESX Server");
        } else if (SparseHeader.looksLikeOne(head)) {
            sparse(head);
        } else if (Signature.isDescriptor(head)) {
            new DescriptorInspection(inspection, 0, false, false)
                    .inspect(new DescriptorPlace(file, 0, Math.min(fileSize, Descriptor.LONGEST)).read());
            if (fileSize > Descriptor.LONGEST) {
                inspection.found(
                        Rule.DESCRIPTOR,
                        Place.IMAGE,
                        "A descriptor of " + fileSize + " bytes is longer than " + Descriptor.LONGEST);
            }
        }
    }

    private void sparse(ByteBuffer head) throws IOException {
        if (fileSize < SparseHeader.LENGTH) {
            inspection.found(Rule.TRUNCATED, Place.host(fileSize), "The file ends within the header");
        }
        SparseHeader header;
        try {
            header = SparseHeader.read(head, file.name());
        } catch (ImageException refused) {
            inspection.found(
                    refused.kind() == ErrorKind.UNSUPPORTED ? Rule.FORMAT_VERSION : Rule.HEADER,
                    Place.host(0),
                    Names.sentence(refused));
            return;
        }
        if (header.uncleanShutdown()) {
            inspection.found(
                    Rule.DIRTY,
                    Place.host(SparseHeader.UNCLEAN_BYTE),
                    "The extent is marked as not closed after it was written");
        }
        if (header.directory() == SparseHeader.DIRECTORY_AT_END) {
            new FooterInspection(file, inspection).inspect(header);
        } else {
            directory("The grain directory", header, header.directory());
            if (header.redundant()) {
                directory("The redundant grain directory", header, header.redundantDirectory());
            }
        }
        if (header.tableEntries() > 0 && header.grainSectors() > 0 && header.capacity() >= 0) {
            inspection.measured(Rule.METADATA_SIZE, directoryBytes(header), Place.host(0), "The grain directory");
        }
        embedded(header);
    }

    private static long directoryBytes(SparseHeader header) {
        long perTable = Math.max(1, header.grainSectors() * header.tableEntries());
        return (header.capacity() / perTable + 1) * Integer.BYTES;
    }

    private void directory(String what, SparseHeader header, long sector) {
        if (header.tableEntries() <= 0 || header.grainSectors() <= 0 || header.capacity() <= 0) {
            return;
        }
        long length = directoryBytes(header) - Integer.BYTES;
        if (sector <= 0 || sector > fileSize / SECTOR || length > fileSize - sector * SECTOR) {
            inspection.found(
                    Rule.TRUNCATED,
                    Place.host(0),
                    what + " of " + length + " bytes at sector " + Long.toUnsignedString(sector)
                            + " does not lie in the file of " + fileSize + " bytes");
        }
    }

    private void embedded(SparseHeader header) throws IOException {
        long first = header.descriptorOffset();
        long count = header.descriptorSectors();
        if (first == 0 || count == 0) {
            inspection.found(Rule.DESCRIPTOR, Place.host(0), "The extent has no descriptor of its own");
            return;
        }
        if (first != USUAL_PLACE) {
            inspection.found(
                    Rule.DESCRIPTOR,
                    Place.host(0),
                    "The descriptor lies at sector " + Long.toUnsignedString(first) + ", not behind the header");
        }
        long most = fileSize / SECTOR + 1;
        if (first < 0 || count < 0 || first >= most || count > most - first) {
            inspection.found(
                    Rule.TRUNCATED,
                    Place.host(0),
                    "The descriptor of " + Long.toUnsignedString(count) + " sectors does not lie in the file");
        }
        if (first < 0 || first >= most) {
            return;
        }
        long room = count < 0 || count > Descriptor.LONGEST / SECTOR ? Descriptor.LONGEST : count * SECTOR;
        if (count < 0 || count > Descriptor.LONGEST / SECTOR) {
            inspection.found(
                    Rule.DESCRIPTOR,
                    Place.host(first * SECTOR),
                    "The descriptor has room for " + Long.toUnsignedString(count) + " sectors, more than any needs");
        }
        new DescriptorInspection(inspection, first * SECTOR, true, header.capacity() != 0)
                .inspect(new DescriptorPlace(file, first * SECTOR, room).read());
    }
}
