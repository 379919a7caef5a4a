package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.cli.arguments.Guess;
import io.jimg.cli.arguments.SecretObjects;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What commands share: the console, the open image, the requests under way. For one thread. */
final class Session {
    private final Console console;
    private final SecretObjects objects;
    private final boolean imageOpts;
    private final AioQueue aio = new AioQueue();
    private @Nullable OpenImage open;
    private boolean ended;

    /**
     * A session without an image.
     *
     * @param objects what the images that are opened may refer to
     * @param imageOpts whether {@code open} reads a list of options in place of a name
     */
    Session(Console console, SecretObjects objects, boolean imageOpts) {
        this.console = console;
        this.objects = objects;
        this.imageOpts = imageOpts;
    }

    Console console() {
        return console;
    }

    /** Whether {@code open} reads a list of options in place of a name. */
    boolean imageOpts() {
        return imageOpts;
    }

    /** The requests under way. */
    AioQueue aio() {
        return aio;
    }

    /** Whether no further command is to run. */
    boolean ended() {
        return ended;
    }

    /** Runs no further command. */
    void end() {
        ended = true;
    }

    /** Whether an image is open. */
    boolean isOpen() {
        return open != null;
    }

    /** How the image was opened. */
    Target target() {
        return opened().target();
    }

    /** The open image. */
    DiskImage image() {
        return opened().image();
    }

    /** What requests go to. */
    BlockDevice device() {
        return opened().device();
    }

    private OpenImage opened() {
        OpenImage image = open;
        if (image == null) {
            throw new IllegalStateException("a command that needs an image runs without");
        }
        return image;
    }

    /** What requests that write go to. */
    BlockDevice deviceToWrite() throws IoFailure {
        if (device().readOnly()) {
            throw IoFailure.complaint("Block node is read-only");
        }
        return device();
    }

    /** Opens an image; none may be open. */
    void open(Target target) throws IoFailure {
        try {
            open = OpenImage.open(target.with(objects.in(target.options()).withNotices(console)));
        } catch (IOException failed) {
            throw IoFailure.complaint("can't open" + target.words() + ": " + Failures.sentence(failed));
        }
        if (!target.snapshot() && target.options().writable()) {
            Guess.warn(console, target.name(), target.options(), image());
        }
    }

    /** Opens the image again in another way; where that fails it is open as it was. */
    void reopen(Target target) throws IOException {
        Target before = target();
        close();
        try {
            open = OpenImage.open(target);
        } catch (IOException | RuntimeException failure) {
            open = OpenImage.open(before);
            throw failure;
        }
    }

    /** Closes the image, if one is open, when the requests under way are over. */
    void close() throws IOException {
        OpenImage image = open;
        if (image == null) {
            return;
        }
        finishAio();
        open = null;
        try {
            image.close();
        } catch (IOException failed) {
            // Told, and no failure of whoever closes.
            Failures.tell(console, failed);
        }
    }

    /** Waits for the requests under way. */
    void finishAio() throws InterruptedIOException {
        try {
            aio.finish();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /**
     * Runs one line of commands.
     *
     * @return whether it succeeded
     */
    boolean run(String line) {
        List<String> words = split(line);
        if (words.isEmpty()) {
            return true;
        }
        IoCommand command = IoCommands.find(words.get(0));
        if (command == null) {
            console.plainError("command \"" + words.get(0) + "\" not found");
            return false;
        }
        if (command.needsImage() && !isOpen()) {
            console.plainError("no file open, try 'help open'");
            return false;
        }
        String complaint = command.syntax().complaint(words.size() - 1);
        if (complaint != null) {
            console.plainError(complaint);
            return false;
        }
        return run(command, words.subList(1, words.size()));
    }

    private boolean run(IoCommand command, List<String> words) {
        try {
            command.run(this, new Words(command, words));
            return true;
        } catch (UsageException wrong) {
            console.plainError(command.syntax().name() + ": " + wrong.sentence());
            console.line(command.syntax().line());
        } catch (IoFailure failure) {
            switch (failure.place()) {
                case RESULTS -> console.line(failure.getMessage());
                case COMPLAINTS -> console.error(failure.getMessage());
                case SYNTAX -> console.line(command.syntax().line());
                case SAID -> {}
            }
        } catch (IOException failed) {
            Failures.tell(console, failed);
        }
        return false;
    }

    /** Words between blanks; nothing quotes. */
    private static List<String> split(String line) {
        List<String> words = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= line.length(); i++) {
            if (i == line.length() || line.charAt(i) == ' ') {
                if (i > start) {
                    words.add(line.substring(start, i));
                }
                start = i + 1;
            }
        }
        return words;
    }
}
