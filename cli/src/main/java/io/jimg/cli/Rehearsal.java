package io.jimg.cli;

import io.jimg.cli.getopt.Getopt;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs each command once, for nothing but the classes that it loads: the build starts it while the JVM records the archive that later runs start from.
 */
final class Rehearsal {
    private static final byte[] SECTOR = "rehearsal".repeat(100).getBytes(java.nio.charset.StandardCharsets.UTF_8);

    private Rehearsal() {}

    /** Plays all commands in the folder that is the only word. */
    public static void main(String[] words) throws IOException {
        System.getenv("POSIXLY_CORRECT");
        Console.ofProcess("jimg").flush();
        run("--version");
        Path folder = Path.of(words[0]);
        String raw = folder.resolve("raw").toString();
        String qcow2 = folder.resolve("qcow2").toString();
        String overlay = folder.resolve("overlay").toString();
        Files.write(Path.of(raw), SECTOR);
        run("convert", "-f", "raw", "-O", "qcow2", raw, qcow2);
        run("convert", "-c", "-f", "raw", "-O", "qcow2", raw, overlay);
        run("create", "-f", "qcow2", "-b", qcow2, "-F", "qcow2", overlay);
        for (String output : List.of("human", "json")) {
            run("info", "--output=" + output, "--backing-chain", overlay);
            run("map", "--output=" + output, overlay);
            run("check", "--output=" + output, qcow2);
        }
        run("compare", raw, qcow2);
        run("convert", "-O", "raw", overlay, raw);
        run("info", folder.resolve("absent").toString());
    }

    private static void run(String... words) {
        Console console = new Console("jimg", OutputStream.nullOutputStream(), OutputStream.nullOutputStream());
        Main.run(console, Getopt.Order.PERMUTE, List.of(words));
        console.flush();
    }
}
