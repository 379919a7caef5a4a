package io.jimg.ops;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.Doc;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An image about to be created: everything is settled, nothing has been touched. Made by {@link Create#plan()}. */
public final class CreatePlan {
    static final String SIZE = "size";
    static final String BACKING_FILE = "backing_file";
    static final String BACKING_FORMAT = "backing_fmt";

    private final Images images;
    private final String name;
    private final ImageFormat format;
    private final Images.StorageName file;
    private final Schema schema;
    private final Options options;
    private final long size;
    private final @Nullable String warning;

    private CreatePlan(
            Images images,
            String name,
            ImageFormat format,
            Images.StorageName file,
            Schema schema,
            Options options,
            long size,
            @Nullable String warning) {
        this.images = images;
        this.name = name;
        this.format = format;
        this.file = file;
        this.schema = schema;
        this.options = options;
        this.size = size;
        this.warning = warning;
    }

    static Schema schema(ImageFormat format, Images.@Nullable StorageName file) {
        List<Option<?>> all = new ArrayList<>(format.createSchema().options());
        if (file != null) {
            for (Option<?> option : file.protocol().createSchema().options()) {
                if (format.createSchema().find(option.name()) == null) {
                    all.add(option);
                }
            }
        }
        return new Schema(all);
    }

    static CreatePlan of(Create create) throws IOException {
        Images images = create.images();
        ImageFormat format = images.format(create.format());
        if (format.createSchema().options().isEmpty()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Format driver '" + format.name() + "' does not support image creation");
        }
        Images.StorageName file = images.storageName(create.name());
        Schema schema = schema(format, file);
        DottedOptions text = withBacking(create, format, schema);
        schema.parse(text);
        String backing = text.get(BACKING_FILE);
        checkBackingName(create.name(), backing, text.get(BACKING_FORMAT));

        long size = create.size();
        String sizeText = text.get(SIZE);
        if (sizeText != null) {
            if (size != Create.SIZE_OF_BACKING) {
                throw new ImageException(ErrorKind.BAD_OPTION, "The image size must be specified only once");
            }
            size = OptionType.SIZE.parse(SIZE, sizeText);
        }
        String warning = null;
        if (backing != null && !create.unsafeBacking()) {
            try (DiskImage opened = openBacking(create, backing, text.get(BACKING_FORMAT))) {
                if (text.get(BACKING_FORMAT) == null) {
                    throw new ImageException(
                            ErrorKind.BAD_OPTION,
                            "Backing file specified without backing format\nDetected format of " + opened.format()
                                    + ".");
                }
                size = size == Create.SIZE_OF_BACKING ? opened.size() : size;
            }
        } else if (backing != null && text.get(BACKING_FORMAT) == null) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Backing file specified without backing format");
        }
        if (size == Create.SIZE_OF_BACKING) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Image creation needs a size parameter");
        }
        Options options = schema.parse(text.with(SIZE, Long.toString(size)));
        return new CreatePlan(images, create.name(), format, file, schema, options, size, warning);
    }

    private static DottedOptions withBacking(Create create, ImageFormat format, Schema schema) throws ImageException {
        DottedOptions text = create.options();
        String backing = create.backingFile();
        if (backing != null) {
            if (schema.find(BACKING_FILE) == null) {
                throw new ImageException(
                        ErrorKind.UNSUPPORTED, "Backing file not supported for file format '" + format.name() + "'");
            }
            text = text.with(BACKING_FILE, backing);
        }
        String backingFormat = create.backingFormat();
        if (backingFormat != null) {
            if (schema.find(BACKING_FORMAT) == null) {
                throw new ImageException(
                        ErrorKind.UNSUPPORTED, "Backing format not supported for file format '" + format.name() + "'");
            }
            text = text.with(BACKING_FORMAT, backingFormat);
        }
        return text;
    }

    private static void checkBackingName(String name, @Nullable String backing, @Nullable String backingFormat)
            throws ImageException {
        if (backing == null) {
            return;
        }
        if (backing.isEmpty()) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Expected backing file name, got empty string");
        }
        if (backing.equals(name)) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "Error: Trying to create an image with the same filename as the backing file");
        }
    }

    private static DiskImage openBacking(Create create, String backing, @Nullable String backingFormat)
            throws IOException {
        String resolved = io.jimg.graph.FileNames.resolve(create.name(), backing);
        OpenOptions how = create.backingOptions().withFormat(backingFormat).withWritable(false);
        try {
            return create.images().open(resolved, how);
        } catch (ImageException failure) {
            throw new ImageException(
                    failure.kind(),
                    failure.getMessage() + "\nCould not open backing image.",
                    failure.resource(),
                    failure.offset(),
                    failure);
        }
    }

    /** Name of the file. */
    public String name() {
        return name;
    }

    /** The format. */
    public ImageFormat format() {
        return format;
    }

    /** The guest's size in bytes, as it was asked for. */
    public long size() {
        return size;
    }

    /** All options that were given or settled, the size among them. */
    public Options options() {
        return options;
    }

    /** A sentence to be shown that does not stop the creation; null for none. */
    public @Nullable String warning() {
        return warning;
    }

    /** What is echoed before the creation: {@code fmt} and every option that was given or has a default, in order, as text. */
    public Doc description() {
        Doc doc = Doc.create().put("fmt", format.name());
        for (Option<?> option : schema.options()) {
            describe(doc, option);
        }
        return doc;
    }

    private <T> void describe(Doc doc, Option<T> option) {
        T value = options.get(option);
        if (value != null) {
            doc.put(option.name(), option.type().print(value));
        }
    }

    /**
     * The creation. Where it fails, a file that it created is removed; one that was there before is left emptied, unless the options were at fault.
     */
    public Job<CreatePlan> job() {
        return new Job<>() {
            @Override
            protected CreatePlan execute() throws IOException {
                validate();
                Storage storage = createFile(CacheMode.WRITEBACK);
                try (storage) {
                    format.create(storage, request());
                } catch (Throwable failure) {
                    removeAfter(failure);
                    throw failure;
                }
                return CreatePlan.this;
            }
        };
    }

    /** Checks what the format can check of the options. */
    void validate() throws ImageException {
        format.validateCreate(request());
    }

    Storage createFile(CacheMode cache) throws IOException {
        return file.create(cache);
    }

    CreateRequest request() {
        return new CreateRequest(size, options, this::createFurtherFile);
    }

    private Storage createFurtherFile(String literalName) throws IOException {
        return images.literalFile(literalName).create(CacheMode.WRITEBACK);
    }

    void removeAfter(Throwable failure) {
        try {
            file.delete();
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }
}
