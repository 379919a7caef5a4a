package io.jimg.qcow2.header;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;

/**
 * {@link Header} to bytes, without input or output. What the header preserves of an image is written as it was: unknown
 * feature bits, fields after those that are known, unknown extensions.
 */
public final class HeaderWriter {
    private HeaderWriter() {}

    /** Bytes that {@link #write} gives: header, extensions, their end mark and the backing file's name. */
    public static int length(Header header) {
        return extensionsEnd(header) + nameLength(header);
    }

    /** Where the extensions and their end mark end. */
    static int extensionsEnd(Header header) {
        int length = header.headerLength() + HeaderExtension.PREFIX;
        for (HeaderExtension extension : header.extensions()) {
            length += extension.storedLength();
        }
        return length;
    }

    static int nameLength(Header header) {
        return header.backing() == null ? 0 : header.backing().length();
    }

    /**
     * Writes the header with all that follows it. What lies behind it in the first cluster is for the caller to zero.
     *
     * @return a fresh heap buffer of {@link #length} bytes
     * @throws ImageException {@link ErrorKind#LIMIT} where they do not fit into the first cluster
     */
    public static ByteBuffer write(Header header) throws ImageException {
        return write(header, extensionsEnd(header));
    }

    /**
     * Writes the header with the backing file's name at a place of its own, which follows the extensions; what lies
     * between is zero.
     *
     * @param nameOffset where the name begins, at least {@link #extensionsEnd}
     */
    static ByteBuffer write(Header header, int nameOffset) throws ImageException {
        int length = nameOffset + nameLength(header);
        if (length > header.clusterSize()) {
            throw new ImageException(ErrorKind.LIMIT, "The image header does not fit into the first cluster");
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        HeaderBytes backing = header.backing();
        bytes.putInt(HeaderFields.MAGIC).putInt(header.version());
        bytes.putLong(backing == null ? 0 : nameOffset);
        bytes.putInt(backing == null ? 0 : backing.length());
        bytes.putInt(header.clusterBits());
        bytes.putLong(header.size());
        bytes.putInt(header.cryptMethod().ordinal());
        bytes.putInt(header.l1Size());
        bytes.putLong(header.l1TableOffset());
        bytes.putLong(header.refcountTableOffset());
        bytes.putInt(header.refcountTableClusters());
        bytes.putInt(header.snapshotCount());
        bytes.putLong(header.snapshotsOffset());
        if (header.version() >= 3) {
            bytes.putLong(header.incompatible().bits());
            bytes.putLong(header.compatible().bits());
            bytes.putLong(header.autoclear().bits());
            bytes.putInt(header.refcountOrder());
            bytes.putInt(header.headerLength());
            if (header.headerLength() > HeaderFields.COMPRESSION_TYPE) {
                bytes.put((byte) header.compressionType().number());
                header.unknownFields().putInto(bytes);
            }
        }
        for (HeaderExtension extension : header.extensions()) {
            bytes.putInt(extension.type()).putInt(extension.length());
            bytes.put(extension.data());
            bytes.position(HeaderExtension.padded(bytes.position()));
        }
        bytes.putInt(HeaderExtension.END).putInt(0);
        if (backing != null) {
            backing.putInto(bytes.position(nameOffset));
        }
        return bytes.clear();
    }
}
