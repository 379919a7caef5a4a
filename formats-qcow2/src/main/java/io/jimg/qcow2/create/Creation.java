package io.jimg.qcow2.create;

import io.jimg.ImageException;
import io.jimg.crypto.LuksEntropy;
import io.jimg.qcow2.Qcow2.Preallocation;
import io.jimg.qcow2.compression.DeflateChoice;
import io.jimg.qcow2.encryption.NewEncryption;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Creates images: empty ones, and ones that are written forwards. */
public final class Creation {
    private Creation() {}

    /** Checks a request before any file is touched. */
    public static void validate(CreateRequest request) throws ImageException {
        if (ImagePlan.of(request).encryption() != null) {
            NewEncryption.checkSecret(request.options(), request.secrets());
        }
    }

    /**
     * Makes an empty image in an empty file, which stays open.
     *
     * @param entropy where keys and salts come from; null for the host's own
     */
    public static void create(Storage file, CreateRequest request, @Nullable LuksEntropy entropy) throws IOException {
        NewImage image = new NewImage(file, ImagePlan.of(request), request, entropy);
        try {
            naming("Could not write qcow2 header", image::reserveHeader);
            Preallocation preallocation = image.plan().preallocation();
            if (preallocation != Preallocation.OFF) {
                List<Piece> places = image.reserveRest();
                if (preallocation != Preallocation.METADATA || !image.data().growsWithZeroes()) {
                    reserve(image, places, preallocation);
                }
            }
            naming(
                    preallocation == Preallocation.OFF
                            ? "Could not write refcount table"
                            : "Could not resize image: Allocating clusters failed",
                    image::finish);
        } finally {
            image.close();
        }
    }

    /**
     * A writer for an image in an empty file.
     *
     * @param entropy where keys and salts come from; null for the host's own
     * @return empty where clusters are preallocated, since their places are fixed then
     */
    public static Optional<ImageWriter> createWriter(Storage file, CreateRequest request, @Nullable LuksEntropy entropy)
            throws IOException {
        ImagePlan plan = ImagePlan.of(request);
        if (plan.preallocation() != Preallocation.OFF) {
            return Optional.empty();
        }
        DeflateChoice deflate = DeflateChoice.configured();
        return Optional.of(new Qcow2Writer(new NewImage(file, plan, request, entropy), deflate));
    }

    /** One step of the making, whose failure says which it was. */
    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    private static void naming(String sentence, Step step) throws IOException {
        try {
            step.run();
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed(sentence + ": ");
        }
    }

    private static void reserve(NewImage image, List<Piece> places, Preallocation preallocation) throws IOException {
        try {
            fill(image, places, preallocation);
        } catch (IOException failure) {
            throw ImageException.wrap(failure)
                    .prefixed("Could not resize image: Failed to resize underlying file: "
                            + (preallocation == Preallocation.FALLOC
                                    ? "Could not preallocate new data: "
                                    : "Could not write zeros for preallocation: "));
        }
    }

    /** Makes the places of all clusters zero and, as it was asked for, takes their space. */
    private static void fill(NewImage image, List<Piece> places, Preallocation preallocation) throws IOException {
        int clusterSize = image.geometry().clusterSize();
        for (Piece place : places) {
            long length = image.plan().dataFile() == null
                    ? (place.length() + clusterSize - 1) & -clusterSize
                    : place.length();
            if (preallocation == Preallocation.FULL) {
                Zeroes.write(length, (zeroes, at) -> image.data().write(zeroes, place.hostOffset() + at));
            } else if (!image.data().growsWithZeroes()
                    || image.data().allocate(place.hostOffset(), length) == Outcome.UNSUPPORTED) {
                image.writeZeroes(place.hostOffset(), length);
            }
        }
    }
}
