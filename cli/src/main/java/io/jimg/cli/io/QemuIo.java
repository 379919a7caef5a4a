package io.jimg.cli.io;

import io.jimg.cli.arguments.OptionLists;
import io.jimg.cli.arguments.SecretObjects;
import io.jimg.cli.arguments.ShortForms;
import io.jimg.cli.getopt.Complaints;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.process.Version;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The program: runs the commands that {@code -c} gives, or those that standard input gives, on one image. */
public final class QemuIo {
    private static final String PROGRAM = "qemu-io";
    private static final String PROMPT = PROGRAM + "> ";

    private static final OptionSpec HELP =
            OptionSpec.flag('h', "display this help and exit").or("help");
    private static final OptionSpec VERSION =
            OptionSpec.flag('V', "output version information and exit").or("version");
    private static final OptionSpec COMMAND = OptionSpec.valued('c', "STRING", "execute a command; may be repeated")
            .or("cmd");
    private static final OptionSpec FORMAT =
            OptionSpec.valued('f', "FMT", "format of the image").or("format");
    private static final OptionSpec MISALIGN =
            OptionSpec.flag('m', "accepted, without effect").or("misalign");
    private static final OptionSpec TRACE = OptionSpec.valued(
                    'T', "PATTERN", "accepted for compatibility; there is nothing to trace")
            .or("trace");
    private static final OptionSpec OBJECT =
            OptionSpec.valued("object", "OBJECTDEF", "define an object, such as secret,id=ID,file=FILE");
    private static final OptionSpec IMAGE_OPTS =
            OptionSpec.flag("image-opts", "read FILE as a list of options (driver=...,file.filename=...)");

    private static final List<OptionSpec> TABLE = List.of(
            OBJECT,
            IMAGE_OPTS,
            COMMAND,
            FORMAT,
            TargetWords.READ_ONLY.or("read-only"),
            TargetWords.SNAPSHOT.or("snapshot"),
            TargetWords.NO_CACHE.or("nocache"),
            TargetWords.COPY_ON_READ.or("copy-on-read"),
            MISALIGN,
            TargetWords.KERNEL_AIO.or("native-aio"),
            TargetWords.AIO.or("aio"),
            TargetWords.CACHE.or("cache"),
            TargetWords.DISCARD.or("discard"),
            TRACE,
            TargetWords.FORCE_SHARE.or("force-share"),
            HELP,
            VERSION);

    private final Console console;
    private final InputStream input;
    private final List<String> commands = new ArrayList<>();
    private final SecretObjects secrets = new SecretObjects();
    private final TargetWords choice = new TargetWords();
    private @Nullable String format;
    private boolean imageOpts;

    private QemuIo(Console console, InputStream input) {
        this.console = console;
        this.input = input;
    }

    /** Runs the program and exits with its code. */
    public static void main(String[] words) {
        Console console = Console.ofProcess(PROGRAM);
        int exitCode = run(
                console,
                new FileInputStream(FileDescriptor.in),
                Getopt.order(System.getenv("POSIXLY_CORRECT")),
                List.of(words));
        console.flush();
        // Not System.exit: it loads the system's loggers to log that it was called.
        Runtime.getRuntime().halt(exitCode);
    }

    /**
     * Runs the program.
     *
     * @param input where commands come from if no word gives one
     * @param order where options may stand
     * @param words the command line without the program's name
     * @return the exit code
     */
    public static int run(Console console, InputStream input, Getopt.Order order, List<String> words) {
        try {
            return new QemuIo(console, input).run(new Getopt(TABLE, PROGRAM, words, order, Complaints.BY_OPTION));
        } catch (UsageException wrongWords) {
            console.error(wrongWords.sentence());
            help(console);
        } catch (IoFailure | CommandException stopped) {
            console.error(String.valueOf(stopped.getMessage()));
        } catch (IOException failed) {
            Failures.tell(console, failed);
        }
        return 1;
    }

    private int run(Getopt words) throws UsageException, IoFailure, CommandException, IOException {
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    help(console);
                    return 0;
                }
                case "V" -> {
                    console.line(Version.line(console.program()));
                    return 0;
                }
                case "c" -> commands.add(words.argument());
                case "f" -> format = words.argument();
                case "object" -> secrets.define(words.argument());
                case "image-opts" -> imageOpts = true;
                case "m", "T" -> {
                    // Read, so that command lines written for QEMU run.
                }
                default -> choice.take(key, OpenCommand.takesArgument(key) ? words.argument() : null);
            }
        }
        List<String> operands = words.operands();
        if (operands.size() > 1) {
            help(console);
            return 1;
        }
        if (format != null && imageOpts) {
            throw IoFailure.complaint("--image-opts and -f are mutually exclusive");
        }
        Session session = new Session(console, secrets, imageOpts);
        if (!operands.isEmpty()) {
            Target target = target(operands.get(0));
            choice.check(target);
            session.open(target);
        }
        boolean good = commands.isEmpty() ? interact(session) : runAll(session);
        session.close();
        return good ? 0 : 1;
    }

    private Target target(String operand) throws CommandException {
        Target target = choice.target();
        target = target.with(target.options().withFormat(format));
        if (!imageOpts) {
            return target.named(operand);
        }
        Map<String, String> options = OptionLists.parse(operand, "file", ShortForms.warned(console));
        return target.with(options);
    }

    private boolean runAll(Session session) {
        boolean good = true;
        for (String command : commands) {
            if (session.ended()) {
                break;
            }
            good &= session.run(command);
        }
        return good;
    }

    private boolean interact(Session session) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8));
        boolean good = true;
        while (!session.ended()) {
            if (!lines.ready()) {
                session.aio().report();
            }
            console.out().print(PROMPT);
            console.flush();
            String line = lines.readLine();
            if (line == null) {
                break;
            }
            good &= session.run(line);
        }
        return good;
    }

    private static void help(Console console) {
        console.line("Usage: " + console.program() + " [OPTIONS]... [-c STRING]... [file]");
        console.line("Reads, writes and looks at one image, piece by piece");
        console.line("");
        for (OptionSpec option : TABLE) {
            console.line(row(option));
        }
        console.line("");
        console.line("See '" + console.program() + " -c help' for information on available commands.");
    }

    private static String row(OptionSpec option) {
        StringBuilder row = new StringBuilder("  ");
        if (option.letter() != 0) {
            row.append('-').append(option.letter()).append(", ");
        }
        row.append("--").append(option.longName());
        if (option.takesArgument()) {
            row.append(option.letter() != 0 ? '=' : ' ').append(option.argument());
        }
        do {
            row.append(' ');
        } while (row.length() < 28);
        return row.append(option.help()).toString();
    }
}
