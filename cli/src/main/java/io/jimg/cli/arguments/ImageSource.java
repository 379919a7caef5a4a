package io.jimg.cli.arguments;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
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
        OpenOptions options = OpenOptions.DEFAULT
                .withGate(OpenGate.ALLOW)
                .withForceShare(forceShare)
                .withCache(cache)
                .withSecrets(secrets);
        if (!imageOpts) {
            return new Located(name, name, options.withFormat(format));
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
                        DottedOptions.of(OptionLists.parse(list, "file", ShortForms.warned(console)))));
    }

    /**
     * An image that can be opened.
     *
     * @param words what the user wrote
     * @param name the image's name; null where the options describe a tree
     * @param options how to open it
     */
    public record Located(String words, @Nullable String name, OpenOptions options) {

        /** The same image under other options. */
        public Located with(OpenOptions other) {
            return new Located(words, name, other);
        }

        /**
         * Opens it.
         *
         * @throws ImageException with a sentence that begins "Could not open"
         */
        public DiskImage open() throws ImageException {
            try {
                Images images = AllFormats.images();
                return name == null ? images.openTree(options) : images.open(name, options);
            } catch (IOException failed) {
                throw couldNotOpen(failed);
            }
        }

        /** The sentence for a failure to open it. */
        public ImageException couldNotOpen(IOException failed) {
            return ImageException.wrap(failed).prefixed("Could not open '" + words + "': ");
        }
    }
}
