package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.spi.ImageFormat;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Settles as what a file is examined, and tells where others could see something else in it. */
record FormatClaims(Images images, Storage file, Inspection inspection) {

    /**
     * The format to examine the file as.
     *
     * @param stated what the caller says it is; null to find it by content
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where no driver takes it
     */
    ImageFormat settle(@Nullable ImageFormat stated) throws IOException {
        Signatures signatures = Signatures.of(images, file);
        List<String> claims = signatures.claims();
        ByteBuffer head = Signatures.head(file);
        ImageFormat format = stated;
        if (format == null) {
            format = surest(head);
            inspection.found(
                    Rule.FORMAT_UNSTATED,
                    Place.IMAGE,
                    "The format was not stated; the content looks like "
                            + (claims.isEmpty() ? format.name() : Signatures.words(claims)));
        } else if (!claims.contains(format.name())
                && (!claims.isEmpty() || score(format, head) == ImageFormat.PROBE_NEVER)) {
            inspection.found(
                    Rule.FORMAT_MISMATCH,
                    Place.host(0),
                    "The image was stated to be " + format.name() + ", but its content "
                            + (claims.isEmpty()
                                    ? "does not begin like one"
                                    : "is that of " + Signatures.words(claims)));
        }
        if (claims.size() > 1) {
            inspection.found(
                    Rule.FORMAT_AMBIGUOUS, Place.host(0), "The file is claimed by " + Signatures.words(claims));
        } else if (claims.size() == 1 && !signatures.content().isEmpty()) {
            inspection.found(
                    Rule.FORMAT_AMBIGUOUS,
                    Place.host(0),
                    "The file is claimed by " + Signatures.words(claims) + ", and reads as "
                            + Signatures.words(signatures.content()) + " for whoever takes it for a plain disk");
        }
        if (!signatures.foreign().isEmpty()) {
            inspection.found(
                    Rule.FORMAT_FOREIGN,
                    Place.host(0),
                    "The file is an image in the format " + Signatures.words(signatures.foreign())
                            + ", which cannot be examined");
        }
        return format;
    }

    private ImageFormat surest(ByteBuffer head) throws ImageException {
        ImageFormat best = null;
        int bestScore = ImageFormat.PROBE_NEVER;
        for (ImageFormat format : images.formats()) {
            int score = score(format, head);
            if (score > bestScore) {
                best = format;
                bestScore = score;
            }
        }
        if (best == null) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Could not determine image format: No compatible driver found");
        }
        return best;
    }

    private static int score(ImageFormat format, ByteBuffer head) {
        return format.probe(head.asReadOnlyBuffer());
    }

    /** Whether an image's file begins in a way that its format alone begins: not a plain disk. */
    static boolean certain(ImageFormat format, DiskImage image) throws IOException {
        List<DiskImage.Child> children = image.children();
        return !children.isEmpty()
                && score(
                                format,
                                Signatures.head(
                                        children.get(children.size() - 1).storage()))
                        == ImageFormat.PROBE_CERTAIN;
    }
}
