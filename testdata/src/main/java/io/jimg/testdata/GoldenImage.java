package io.jimg.testdata;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;

/**
 * One row of the manifest: an image, or an internal snapshot of one, and what qemu-img 10 reads in it. Immutable.
 *
 * @param name unique; the file's name without its ending, and for a snapshot an {@code @} and a word
 * @param file name of the image's file
 * @param companions further files that belong to it: backing files, data files
 * @param snapshotId id of the internal snapshot that is read; empty for the active layer
 * @param snapshotName name of the internal snapshot that is read
 * @param secret the passphrase of an encrypted image
 * @param size guest bytes that qemu-img reads; empty where it cannot open the file
 * @param sha256 digest of the guest's bytes in lower-case hexadecimal; empty where they cannot be read, or are more
 *     than 1 GiB
 * @param infoExit exit code of {@code qemu-img info}
 * @param checkExit exit code of {@code qemu-img check}; 124 where it never ends
 * @param readExit exit code of reading the whole guest disk; 124 where it never ends
 * @param description one line
 */
public record GoldenImage(
        String name,
        String file,
        List<String> companions,
        Optional<String> snapshotId,
        Optional<String> snapshotName,
        Optional<String> secret,
        OptionalLong size,
        Optional<String> sha256,
        int infoExit,
        int checkExit,
        int readExit,
        String description) {

    private static final int HOLE = 4096;

    static GoldenImage parse(String line) {
        String[] cells = line.split("\t");
        if (cells.length != 10) {
            throw new IllegalArgumentException("a manifest row of " + cells.length + " cells: " + line);
        }
        return new GoldenImage(
                cells[0],
                cells[1],
                cells[2].equals("-") ? List.of() : List.of(cells[2].split(",")),
                after("snapshot.id=", cells[3]),
                after("snapshot.name=", cells[3]),
                after("secret=", cells[3]),
                cells[4].equals("-") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(cells[4])),
                cells[5].equals("-") ? Optional.empty() : Optional.of(cells[5]),
                Integer.parseInt(cells[6]),
                Integer.parseInt(cells[7]),
                Integer.parseInt(cells[8]),
                cells[9]);
    }

    /** Whether there is a digest to compare with. */
    public boolean readable() {
        return sha256.isPresent();
    }

    /**
     * Writes the image and its companions into a folder, under their own names, with holes where they have long runs of
     * zeroes. Files that are there already, such as a companion that two images share, are written anew.
     *
     * @return the image's file
     */
    public Path copyTo(Path folder) throws IOException {
        for (String companion : companions) {
            unpack(companion, folder.resolve(companion));
        }
        Path target = folder.resolve(file);
        unpack(file, target);
        return target;
    }

    /** What the real tools said of the image, command by command. */
    public List<Transcript> transcripts() {
        return Transcript.parse(GoldenImages.lines("expected/" + name + ".txt"));
    }

    /**
     * What a command said whose words begin like this, such as {@code "qemu-img check --output=json"}; the first one.
     */
    public Optional<Transcript> transcript(String prefix) {
        return transcripts().stream()
                .filter(transcript -> transcript.command().startsWith(prefix + " "))
                .findFirst();
    }

    @Override
    public String toString() {
        return name;
    }

    private static Optional<String> after(String prefix, String cell) {
        return cell.startsWith(prefix) ? Optional.of(cell.substring(prefix.length())) : Optional.empty();
    }

    private static void unpack(String name, Path target) throws IOException {
        Files.createDirectories(target.getParent());
        // A colon is no part of a file name on every system that this source tree is checked out on.
        String resource = "images/" + name.replace(":", "_colon_") + ".gz";
        try (InputStream packed = new GZIPInputStream(GoldenImages.resource(resource));
                FileChannel out = FileChannel.open(
                        target,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            byte[] zeroes = new byte[HOLE];
            byte[] piece;
            long at = 0;
            boolean endsInHole = false;
            while ((piece = packed.readNBytes(HOLE)).length > 0) {
                endsInHole = java.util.Arrays.equals(piece, 0, piece.length, zeroes, 0, piece.length);
                if (!endsInHole) {
                    writeAll(out, piece, at);
                }
                at += piece.length;
            }
            if (endsInHole) {
                writeAll(out, new byte[1], at - 1);
            }
        }
    }

    private static void writeAll(FileChannel out, byte[] piece, long at) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(piece);
        while (buffer.hasRemaining()) {
            out.write(buffer, at + buffer.position());
        }
    }
}
