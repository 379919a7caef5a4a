package io.jimg.ops;

import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.Schema;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A new image to be: which file, which format, which options. {@link #plan()} checks what can be checked without
 * changing a file.
 *
 * <pre>{@code
 * new Create(Images.standard(), "disk.qcow2").format("qcow2").size(10L << 30).plan().job().run();
 * }</pre>
 */
public final class Create {
    /** The value of {@link #size(long)} that says "as the backing file". */
    public static final long SIZE_OF_BACKING = -1;

    private final Images images;
    private final String name;
    private String format = "raw";
    private long size = SIZE_OF_BACKING;
    private DottedOptions options = DottedOptions.EMPTY;
    private @Nullable String backingFile;
    private @Nullable String backingFormat;
    private boolean unsafeBacking;
    private Consumer<String> warnings = sentence -> {};
    private OpenOptions backingOptions = OpenOptions.DEFAULT.withBacking(false);

    /**
     * An image in the file {@code name}: a path or a {@code protocol:…} name, which is created, or emptied where it
     * exists.
     */
    public Create(Images images, String name) {
        this.images = images;
        this.name = name;
    }

    /** Name of the format's driver; {@code raw} unless it is set. */
    public Create format(String value) {
        format = value;
        return this;
    }

    /** The guest's size in bytes, or {@link #SIZE_OF_BACKING}. */
    public Create size(long value) {
        size = value;
        return this;
    }

    /** Options of the format and of the file as text, as in {@code -o}. */
    public Create options(DottedOptions value) {
        options = value;
        return this;
    }

    /** The image beneath the new one, as the new one shall name it; null for none. */
    public Create backingFile(@Nullable String value) {
        backingFile = value;
        return this;
    }

    /** The format of {@link #backingFile}. */
    public Create backingFormat(@Nullable String value) {
        backingFormat = value;
        return this;
    }

    /** Whether the backing file need not be there: it is not opened then, and a size must be given. */
    public Create unsafeBacking(boolean value) {
        unsafeBacking = value;
        return this;
    }

    /**
     * How the backing file is opened to learn its size. It is opened without asking, for the caller named it; what lies
     * further down is opened where these options say so and their gate permits it. Their secrets are the new image's
     * too. Unless this is set the backing file is opened alone, and a copy over a backing file that has one itself is
     * denied.
     */
    public Create backingOptions(OpenOptions value) {
        backingOptions = value;
        return this;
    }

    /** Who hears of what did not work and need not, as a sentence; nobody unless this is called. */
    public Create warnings(Consumer<String> value) {
        warnings = value;
        return this;
    }

    /** Options that a format and a file of that name take together, the format's first: for {@code -o help}. */
    public static Schema schema(Images images, String format, @Nullable String name) throws IOException {
        return CreatePlan.schema(images.format(format), name == null ? null : images.storageName(name));
    }

    /**
     * Reads the options, opens the backing file and settles the size. No file is changed.
     *
     * @throws ImageException with qemu-img's sentence, without the file's name before it
     */
    public CreatePlan plan() throws IOException {
        return CreatePlan.of(this);
    }

    Consumer<String> warnings() {
        return warnings;
    }

    Images images() {
        return images;
    }

    String name() {
        return name;
    }

    String format() {
        return format;
    }

    long size() {
        return size;
    }

    DottedOptions options() {
        return options;
    }

    @Nullable
    String backingFile() {
        return backingFile;
    }

    @Nullable
    String backingFormat() {
        return backingFormat;
    }

    boolean unsafeBacking() {
        return unsafeBacking;
    }

    OpenOptions backingOptions() {
        return backingOptions;
    }
}
