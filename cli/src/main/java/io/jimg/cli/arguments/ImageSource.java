package io.jimg.cli.arguments;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.all.AllFormats;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** How a command's words say that images are opened. What an image refers to is opened too, as qemu-img opens it. */
public final class ImageSource {
    private final Console console;
    private final SecretObjects secrets = new SecretObjects();
    private boolean imageOpts;
    private boolean forceShare;
    private CacheMode cache = CacheMode.WRITEBACK;

    /** By name, without anything special. */
    public ImageSource(Console console) {
        this.console = console;
    }

    /**
     * Takes an option that says how images are opened: {@code --object}, {@code --image-opts} or {@code -U}.
     *
     * @param key the option's key in its table
     * @param words where its argument is
     */
    public void take(String key, Getopt words) throws CommandException, IOException {
        switch (key) {
            case "object" -> secrets.define(words.argument());
            case "image-opts" -> imageOpts = true;
            case "U" -> forceShare = true;
            default -> throw new IllegalStateException(key);
        }
    }

    /** Sets the cache mode. */
    public void cache(CacheMode mode) {
        cache = mode;
    }

    /** The secrets defined. */
    public SecretObjects secrets() {
        return secrets;
    }

    /**
     * An image under a name, read-only.
     *
     * @param format null to find it by content
     * @throws CommandException if a format is stated for a list of options
     */
    public Located locate(String name, @Nullable String format) throws CommandException {
        OpenOptions options = secrets.in(OpenOptions.DEFAULT
                .withGate(OpenGate.ALLOW)
                .withForceShare(forceShare)
                .withCache(cache)
                .withNotices(console));
        if (!imageOpts) {
            return new Located(name, name, options.withFormat(format), console);
        }
        return locateTree(name, format, options);
    }

    /** An image under a list of options. */
    public Located locateTree(String list, @Nullable String format, OpenOptions options) throws CommandException {
        if (format != null) {
            throw new CommandException("--image-opts and --format are mutually exclusive");
        }
        return new Located(
                list,
                null,
                options.withDriverOptions(
                        DottedOptions.of(OptionLists.parse(list, "file", ShortForms.warned(console)))),
                console);
    }

    /**
     * An image that can be opened.
     *
     * @param words what the user wrote
     * @param name the image's name; null where the options describe a tree
     * @param options how to open it
     * @param console where it is said that a guess was made
     */
    public record Located(String words, @Nullable String name, OpenOptions options, Console console) {

        /** The same image under other options. */
        public Located with(OpenOptions other) {
            return new Located(words, name, other, console);
        }

        /**
         * Opens it.
         *
         * @throws ImageException with a sentence that begins "Could not open"
         */
        public DiskImage open() throws ImageException {
            try {
                return openBare();
            } catch (IOException failed) {
                throw couldNotOpen(failed);
            }
        }

        /** Opens it; the sentence of a failure does not name it. */
        public DiskImage openBare() throws IOException {
            Images images = AllFormats.images();
            DiskImage image = name == null ? images.openTree(options) : images.open(name, options);
            if (options.writable()) {
                checkWritable(image);
            }
            return image;
        }

        /** Warns of a guess where an image was opened to be written, and refuses one that was asked not to be. */
        private void checkWritable(DiskImage image) throws IOException {
            if (image.readOnly() && "on".equals(options.driverOptions().get("read-only"))) {
                image.close();
                throw new ImageException(ErrorKind.READ_ONLY, "Block node is read-only");
            }
            warn(image);
        }

        /** Warns where the image, which is written, is raw by nothing but a guess. */
        public void warn(DiskImage image) {
            Guess.warn(console, name, options, image);
        }

        /** The sentence for a failure to open it. */
        public ImageException couldNotOpen(IOException failed) {
            return ImageException.wrap(failed).prefixed("Could not open '" + words + "': ");
        }
    }
}
