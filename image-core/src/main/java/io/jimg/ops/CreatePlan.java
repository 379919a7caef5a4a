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
import io.jimg.graph.FileNames;
import io.jimg.spi.Closing;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.Doc;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.OpenGate;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An image about to be created: everything is settled, nothing has been touched. Made by {@link Create#plan()}. */
public final class CreatePlan {
    private static final ProtocolDriver.Mode PEEK = new ProtocolDriver.Mode(false, CacheMode.WRITEBACK, false);

    private static final long NO_BACKING = -1;

    static final String SIZE = "size";
    static final String BACKING_FILE = "backing_file";
    static final String BACKING_FORMAT = "backing_fmt";

    private final Create create;
    private final ImageFormat format;
    private final Images.StorageName file;
    private final CreateOptions options;
    private final long size;
    private final long backingSize;
    /** The files that were made or emptied, for {@link #removeAfter}. */
    private final List<Touched> touched = new ArrayList<>();

    /**
     * A file that the creation changed.
     *
     * @param existed whether it was there before
     */
    private record Touched(Images.StorageName file, boolean existed) {
        /**
         * What is half-written must not look whole; but what somebody else put there, perhaps a link, is not ours to
         * remove.
         */
        void undo() throws IOException {
            if (existed) {
                file.create(CacheMode.UNSAFE).close();
            } else {
                file.delete();
            }
        }
    }

    private CreatePlan(
            Create create,
            ImageFormat format,
            Images.StorageName file,
            CreateOptions options,
            long size,
            long backingSize) {
        this.create = create;
        this.format = format;
        this.file = file;
        this.options = options;
        this.size = size;
        this.backingSize = backingSize;
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
        refuseUncreatable(format);
        Images.StorageName file = images.storageName(create.name());
        Schema schema = schema(format, file);
        CreateOptions.read(schema, create.options());
        long size = statedSize(create);
        DottedOptions text = withBacking(create, format, schema);
        CreateOptions.read(schema, text);
        String backing = text.get(BACKING_FILE);
        checkBackingName(create.name(), backing);

        if (backing != null && !create.unsafeBacking()) {
            try (DiskImage opened = openForSize(create, backing, text.get(BACKING_FORMAT))) {
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
        CreateOptions options = CreateOptions.read(schema, text.with(SIZE, Long.toString(size)));
        return new CreatePlan(create, format, file, options, size, NO_BACKING);
    }

    private static long statedSize(Create create) throws ImageException {
        String text = create.options().get(SIZE);
        if (text == null) {
            return create.size();
        }
        if (create.size() != Create.SIZE_OF_BACKING) {
            throw new ImageException(ErrorKind.BAD_OPTION, "The image size must be specified only once");
        }
        return OptionType.SIZE.parse(SIZE, text);
    }

    /**
     * The plan of an image that becomes a copy: its size is given, and what is said of a backing file must be said in
     * full.
     *
     * @param objections to the copy, raised before its backing file is opened
     */
    static CreatePlan ofCopy(Create create, long size, Objections objections) throws IOException {
        Images images = create.images();
        ImageFormat format = images.format(create.format());
        refuseUncreatable(format);
        Images.StorageName file = images.storageName(create.name());
        Schema schema = schema(format, file);
        CreateOptions.read(schema, create.options());
        DottedOptions text = withBacking(create, format, schema).with(SIZE, Long.toString(size));
        CreateOptions options = CreateOptions.read(schema, text);
        String backing = text.get(BACKING_FILE);
        String backingFormat = text.get(BACKING_FORMAT);
        objections.raise(format, options, backing != null);
        long backingSize = NO_BACKING;
        if (backing != null) {
            if (backingFormat == null) {
                throw new ImageException(ErrorKind.BAD_OPTION, "Use of backing file requires explicit backing format");
            }
            backingSize = sizeOfOpenable(create, backing, backingFormat);
        }
        return new CreatePlan(create, format, file, options, size, backingSize);
    }

    /** What speaks against a copy. */
    interface Objections {
        /**
         * Refuses a copy that cannot be made.
         *
         * @param backed whether it is to have a backing file
         */
        void raise(ImageFormat format, CreateOptions options, boolean backed) throws ImageException;
    }

    private static long sizeOfOpenable(Create create, String backing, String backingFormat) throws IOException {
        // The copy may have to be filled as an image that is open, and such a one reads all layers beneath.
        OpenOptions how = create.backingOptions().withBacking(true);
        try (DiskImage opened = openBacking(create, backing, backingFormat, how)) {
            return opened.size();
        } catch (ImageException failure) {
            throw failure.prefixed("Could not open '" + create.name() + "': Could not open backing file: ");
        }
    }

    private static void refuseUncreatable(ImageFormat format) throws ImageException {
        if (format.createSchema().options().isEmpty()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Format driver '" + format.name() + "' does not support image creation");
        }
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
                        ErrorKind.UNSUPPORTED,
                        "Backing file format not supported for file format '" + format.name() + "'");
            }
            text = text.with(BACKING_FORMAT, backingFormat);
        }
        return text;
    }

    private static DiskImage openForSize(Create create, String backing, @Nullable String backingFormat)
            throws IOException {
        try {
            return openBacking(
                    create, backing, backingFormat, create.backingOptions().withInspectOnly(true));
        } catch (ImageException failure) {
            throw new ImageException(
                    failure.kind(),
                    failure.getMessage() + "\nCould not open backing image.",
                    failure.resource(),
                    failure.offset(),
                    failure);
        }
    }

    private static void checkBackingName(String name, @Nullable String backing) throws ImageException {
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

    private static DiskImage openBacking(Create create, String backing, @Nullable String backingFormat, OpenOptions how)
            throws IOException {
        // Nothing of it is read but its size, so it may be a running guest's disk: that is how overlays come to be.
        return create.images()
                .open(
                        FileNames.resolve(create.name(), backing),
                        how.withFormat(backingFormat).withWritable(false).withForceShare(true));
    }

    /** Name of the file. */
    public String name() {
        return create.name();
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
        return options.values();
    }

    /** Whether the image, which becomes a copy, gets a backing file. */
    boolean backed() {
        return backingSize != NO_BACKING;
    }

    /**
     * Guest offset from which a copy reads as zeroes by itself, for its backing file has ended; {@link Long#MAX_VALUE}
     * where it has none.
     */
    long blankFrom() {
        return backed() ? backingSize : Long.MAX_VALUE;
    }

    /**
     * What is echoed before the creation: {@code fmt} and every option that was given or has a default, in order, as
     * text.
     */
    public Doc description() {
        Doc doc = Doc.create().put("fmt", format.name());
        for (Option<?> option : options.schema().options()) {
            doc.putIfPresent(option.name(), options.text(option));
        }
        return doc;
    }

    /**
     * The creation. Where it fails, a file that it created is removed; one that was there before is left emptied,
     * unless the options were at fault.
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
        try {
            options.check();
            FileHinting.check(options.values());
            format.validateCreate(request());
        } catch (ImageException refused) {
            removeEmpty(refused);
            throw refused;
        }
    }

    /**
     * Where the creation is refused, a file without a byte must not stand there as if it had been made; qemu-img
     * removes what was there, whatever it held.
     */
    private void removeEmpty(ImageException refused) {
        try {
            if (file.exists() && sizeOfExisting() == 0) {
                file.delete();
            }
        } catch (IOException second) {
            refused.addSuppressed(second);
        }
    }

    private long sizeOfExisting() throws IOException {
        try (Storage existing = file.protocol().open(file.options(), PEEK)) {
            return existing.size();
        }
    }

    Storage createFile(CacheMode cache) throws IOException {
        Storage storage = create(file, cache);
        try {
            FileHinting.apply(storage, options.values(), create.warnings());
            return storage;
        } catch (Throwable failure) {
            Closing.after(failure, storage);
            removeAfter(failure);
            throw failure;
        }
    }

    private Storage create(Images.StorageName name, CacheMode cache) throws IOException {
        boolean existed = name.exists();
        Storage storage = name.create(cache);
        touched.add(new Touched(name, existed));
        return storage;
    }

    /**
     * Opens the image that was created, to fill it. What it names is what the caller named; the layers further down are
     * up to the caller's gate.
     */
    DiskImage open(CacheMode cache) throws IOException {
        String referrer = file.protocol().nameOf(file.options());
        OpenGate gate = create.backingOptions().gate();
        OpenOptions how = create.backingOptions()
                .withBacking(true)
                .withGate(request -> {
                    if (!request.referrer().equals(referrer)) {
                        gate.permit(request);
                    }
                })
                .withFormat(format.name())
                .withDriverOptions(format.openOptions(options.values()))
                .withWritable(true)
                .withCache(cache);
        return create.images().open(create.name(), how);
    }

    CreateRequest request() {
        CreateRequest.FileCreator files = new CreateRequest.FileCreator() {
            @Override
            public Storage create(String literalName) throws IOException {
                return CreatePlan.this.create(create.images().literalFile(literalName), CacheMode.WRITEBACK);
            }

            @Override
            public DiskImage openBacking(String backing, @Nullable String backingFormat) throws IOException {
                return CreatePlan.openBacking(
                        create, backing, backingFormat, create.backingOptions().withBacking(false));
            }
        };
        return new CreateRequest(
                size, options.values(), files, create.backingOptions().secrets());
    }

    /** Refuses where the file is one that a source stands on, whatever it is called. */
    void refuseToOverwrite(List<DiskImage> sources) throws IOException {
        Object identity;
        try (Storage existing = file.protocol().open(file.options(), PEEK)) {
            identity = existing.identity();
        } catch (ImageException notThere) {
            // What cannot be read is no source that was opened.
            return;
        }
        for (DiskImage source : sources) {
            for (DiskImage layer = source; layer != null; layer = layer.backing()) {
                for (DiskImage.Child child : layer.children()) {
                    if (child.storage().identity().equals(identity)) {
                        throw new ImageException(
                                ErrorKind.LOCKED,
                                "Failed to get \"write\" lock\nIs another process using the image [" + name() + "]?",
                                name(),
                                ImageException.NO_OFFSET,
                                null);
                    }
                }
            }
        }
    }

    /** Removes the files that were made, and empties those that were there before. */
    void removeAfter(Throwable failure) {
        for (Touched each : touched) {
            try {
                each.undo();
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
        }
    }
}
