package io.jimg.cli;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.io.QemuIo;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Interrupt;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;

/**
 * Runs commands for nothing but the classes that they load: the build starts it while the JVM records an archive that
 * later runs start from. There is one archive for info, which clouds call all day, with no more in it than info needs,
 * and one for all else.
 */
final class Rehearsal {
    /**
     * Data with a hole behind each piece of it, the last of which ends the file; enough for the JVM to learn what is
     * worth compiling.
     */
    private static final int PIECES = 16;

    private static final int PIECE_BYTES = 1 << 20;

    private Rehearsal() {}

    private static void writeSample(Path file) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        for (int i = 0; i < PIECE_BYTES; i++) {
            // Some blocks of 4 KiB stay zero.
            piece.put(i, (byte) ((i >> 12) % 4 == 0 ? 0 : i * 31 >> 3));
        }
        Set<OpenOption> options =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE);
        try (SeekableByteChannel channel = Files.newByteChannel(file, options)) {
            for (int i = 0; i < PIECES; i++) {
                channel.position(2L * i * PIECE_BYTES).write(piece.clear());
            }
        }
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.setLength(2L * PIECES * PIECE_BYTES);
        }
    }

    /**
     * Plays info or io where the first word says so, else every command, on images in the folder that is the second
     * word; all comes before these.
     */
    public static void main(String[] words) throws IOException, InterruptedException {
        System.getenv("POSIXLY_CORRECT");
        Console.ofProcess("jimg").flush();
        Path folder = Path.of(words[1]);
        String raw = folder.resolve("raw").toString();
        String qcow2 = folder.resolve("qcow2").toString();
        String overlay = folder.resolve("overlay").toString();
        if (words[0].equals("io")) {
            io(qcow2);
            return;
        }
        boolean onlyInfo = words[0].equals("info");
        if (!onlyInfo) {
            run("--version");
            writeSample(Path.of(raw));
            run("convert", "-f", "raw", "-O", "qcow2", raw, qcow2);
            run("convert", "-c", "-f", "raw", "-O", "qcow2", raw, overlay);
            run("create", "-f", "qcow2", "-b", qcow2, "-F", "qcow2", overlay);
        }
        for (String output : List.of("human", "json")) {
            for (String image : List.of(overlay, raw)) {
                tellOf(Path.of(image), onlyInfo);
                run("info", "--output=" + output, image);
            }
            if (!onlyInfo) {
                run("map", "--output=" + output, overlay);
                run("check", "--output=" + output, qcow2);
            }
        }
        run("info", folder.resolve("absent").toString());
        if (!onlyInfo) {
            run("compare", raw, qcow2);
            run("convert", "-O", "raw", overlay, raw);
        }
        Interrupt.letSignalEndProcess();
    }

    /**
     * What a file takes of the disk: the script that starts info has asked for it, and the JVM need not start a
     * program.
     */
    private static void tellOf(Path file, boolean onlyInfo) throws IOException {
        if (onlyInfo && Files.exists(file)) {
            Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            System.setProperty("jimg.stat", key + ":8:512");
        }
    }

    private static void io(String image) {
        Console console = new Console("qemu-io", OutputStream.nullOutputStream(), OutputStream.nullOutputStream());
        byte[] script = "read -v -P 0 0 64\nwrite -P 1 0 4k\nwrite -z 0 4k\nread 1G 1\nmap\ninfo\nflush\n"
                .getBytes(StandardCharsets.UTF_8);
        QemuIo.run(console, new ByteArrayInputStream(script), Getopt.Order.PERMUTE, List.of("-f", "qcow2", image));
        QemuIo.run(
                console,
                new ByteArrayInputStream(script),
                Getopt.Order.PERMUTE,
                List.of("-c", "aio_read 0 1k", "-c", "length", image));
        console.flush();
    }

    private static void run(String... words) {
        Console console = new Console("jimg", OutputStream.nullOutputStream(), OutputStream.nullOutputStream());
        Main.run(console, Getopt.Order.PERMUTE, List.of(words));
        console.flush();
    }
}
