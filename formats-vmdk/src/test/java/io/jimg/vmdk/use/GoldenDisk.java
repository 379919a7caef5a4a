package io.jimg.vmdk.use;

import io.jimg.testdata.GoldenImages;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * A row of the manifest of golden VMDKs; {@code testdata/make-vmdk-images} makes them and says what the columns mean.
 *
 * @param name the file's name without its ending
 * @param companions further files, percent-encoded
 * @param size guest bytes
 * @param sha256 of the guest's content
 * @param qemu what qemu-img reads: {@code same}, {@code other} or {@code refused}
 * @param writable {@code yes}, or the kind of the error that opening for writing or the first write gives
 * @param corruptions how many a check finds
 * @param description one line
 */
record GoldenDisk(
        String name,
        List<String> companions,
        long size,
        String sha256,
        String qemu,
        String writable,
        int corruptions,
        String description) {

    static List<GoldenDisk> all() {
        return GoldenImages.lines("vmdk/manifest.tsv").stream()
                .filter(line -> !line.startsWith("#"))
                .map(GoldenDisk::parse)
                .toList();
    }

    private static GoldenDisk parse(String line) {
        String[] cells = line.split("\t", -1);
        return new GoldenDisk(
                cells[0],
                cells[1].equals("-") ? List.of() : List.of(cells[1].split(",")),
                Long.parseLong(cells[2]),
                cells[3],
                cells[4],
                cells[5],
                Integer.parseInt(cells[6]),
                cells[7]);
    }

    /** Writes the disk's files into a folder; gives the one to be opened. */
    Path copyTo(Path folder) throws IOException {
        for (String companion : companions) {
            unpack(companion, folder);
        }
        return unpack(name + ".vmdk", folder);
    }

    private static Path unpack(String encoded, Path folder) throws IOException {
        Path file = folder.resolve(URLDecoder.decode(encoded, StandardCharsets.UTF_8));
        try (InputStream content = GoldenImages.unpacked("vmdk/" + encoded.replace('%', '_'))) {
            Files.copy(content, file, StandardCopyOption.REPLACE_EXISTING);
        }
        return file;
    }

    @Override
    public String toString() {
        return name;
    }
}
