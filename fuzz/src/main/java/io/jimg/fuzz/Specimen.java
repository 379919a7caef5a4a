package io.jimg.fuzz;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Validate;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.OpenGate;
import io.jimg.validate.Policy;
import io.jimg.validate.Validation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A hostile image and the files around it, all in memory. Used by one run of a target. */
final class Specimen {
    private static final List<ImageFormat> FORMATS = Images.standard().formats();
    private static final String NAME = "image";

    private final MemoryFiles files = new MemoryFiles("file");
    private final String name;
    private final @Nullable String format;
    private final boolean trusting;
    private final List<OpenGate.Request> asked = new ArrayList<>();
    private boolean untrusted;
    private DottedOptions driverOptions = DottedOptions.EMPTY;
    private String secret = "";

    private Specimen(String name, @Nullable String format, boolean trusting) {
        this.name = name;
        this.format = format;
        this.trusting = trusting;
    }

    /**
     * An image alone.
     *
     * @param format as a user states it; null to find it by content
     */
    static Specimen alone(byte[] image, @Nullable String format) {
        Specimen specimen = new Specimen(NAME, format, false);
        specimen.files.put(NAME, image);
        return specimen;
    }

    /**
     * A changed image among the files that belong to it.
     *
     * @param trusting whether the gate lets it open what it names
     */
    static Specimen among(
            Map<String, byte[]> companions, String name, byte[] image, @Nullable String format, boolean trusting) {
        Specimen specimen = new Specimen(name, format, trusting);
        companions.forEach(specimen.files::put);
        specimen.files.put(name, image);
        return specimen;
    }

    /** With a passphrase by the id {@code s}. */
    Specimen withSecret(String passphrase, String option) {
        secret = passphrase;
        driverOptions = driverOptions.with(option, "s");
        return this;
    }

    /** Within the limits for images of strangers, or without them. */
    Specimen withLimits(boolean value) {
        untrusted = value;
        return this;
    }

    /** What all images of this module are opened by: every format, and no file but those in memory. */
    static Images images(MemoryFiles files) {
        Images images = Images.none().with(files);
        for (ImageFormat known : FORMATS) {
            images = images.with(known);
        }
        return images;
    }

    /** How it is opened; read-only. */
    OpenOptions options() {
        OpenOptions options = (untrusted ? OpenOptions.untrusted() : OpenOptions.DEFAULT)
                .withFormat(format)
                .withDriverOptions(driverOptions)
                .withGate(request -> {
                    asked.add(request);
                    (trusting ? OpenGate.ALLOW : OpenGate.DENY).permit(request);
                });
        return secret.isEmpty() ? options : options.withSecrets(id -> secret.getBytes(StandardCharsets.UTF_8));
    }

    /** The same with other driver options, such as none where nothing is to be unlocked. */
    OpenOptions optionsWithoutSecret() {
        return options().withDriverOptions(DottedOptions.EMPTY);
    }

    /** Validates it, with the gate shut. */
    Validation validate() throws IOException {
        return new Validate(images(files), name, Policy.strict())
                .options(options().withGate(OpenGate.DENY))
                .job()
                .run();
    }

    /** Opens it. */
    DiskImage open(OpenOptions options) throws IOException {
        return images(files).open(name, options);
    }

    /** Its name. */
    String name() {
        return name;
    }

    /** It and what is around it. */
    MemoryFiles files() {
        return files;
    }

    /** Sees to it that everything was closed, and that nothing was opened but the image where the gate is shut. */
    void requireNothingElseTouched() {
        if (files.traffic().open() != 0) {
            throw new BrokenPromise(files.traffic().open() + " files were left open");
        }
        if (!trusting && !files.opened().stream().allMatch(name::equals)) {
            throw new BrokenPromise("files were opened that nobody permitted: " + files.opened() + ", asked: " + asked);
        }
    }
}
