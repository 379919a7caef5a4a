package io.jimg.cli;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Interrupt;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs commands for nothing but the classes that they load: the build starts it while the JVM records an archive that later runs start from. There is
 * one archive for info, which clouds call all day, with no more in it than info needs, and one for all else.
 */
final class Rehearsal {
    private static final byte[] CONTENT = "rehearsal".repeat(100).getBytes(StandardCharsets.UTF_8);

    private Rehearsal() {}

    /** Plays info where the first word says so, else every command, on images in the folder that is the second word; all comes before info. */
    public static void main(String[] words) throws IOException, InterruptedException {
        System.getenv("POSIXLY_CORRECT");
        Console.ofProcess("jimg").flush();
        Path folder = Path.of(words[1]);
        String raw = folder.resolve("raw").toString();
        String qcow2 = folder.resolve("qcow2").toString();
        String overlay = folder.resolve("overlay").toString();
        boolean onlyInfo = words[0].equals("info");
        if (!onlyInfo) {
            run("--version");
            Files.write(Path.of(raw), CONTENT);
            run("convert", "-f", "raw", "-O", "qcow2", raw, qcow2);
            run("convert", "-c", "-f", "raw", "-O", "qcow2", raw, overlay);
            run("create", "-f", "qcow2", "-b", qcow2, "-F", "qcow2", overlay);
        }
        for (String output : List.of("human", "json")) {
            run("info", "--output=" + output, overlay);
            run("info", "--output=" + output, raw);
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

    private static void run(String... words) {
        Console console = new Console("jimg", OutputStream.nullOutputStream(), OutputStream.nullOutputStream());
        Main.run(console, Getopt.Order.PERMUTE, List.of(words));
        console.flush();
    }
}
