package io.jimg.copy;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.capability.CompressedRuns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The compressed runs of a source's layers that a target takes as they are stored. Safe for many threads. */
final class StoredRuns {
    /** Carries nothing over. */
    static final StoredRuns NONE = new StoredRuns(List.of());

    /** By depth; null for a layer whose runs are of no use. */
    private final List<@Nullable CompressedRuns> layers;

    private StoredRuns(List<@Nullable CompressedRuns> layers) {
        this.layers = layers;
    }

    /** Whether a target takes runs as they are stored. */
    @FunctionalInterface
    interface Acceptance {
        boolean accepts(String codec, int runLength);
    }

    /** The runs of {@code source} and of the layers beneath that a target accepts. */
    static StoredRuns of(DiskImage source, Acceptance target) {
        List<@Nullable CompressedRuns> layers = new ArrayList<>();
        for (DiskImage layer = source; layer != null; layer = layer.backing()) {
            Optional<CompressedRuns> runs = layer.capability(CompressedRuns.class)
                    .filter(some -> target.accepts(some.codec(), some.runLength()));
            // In a layer of another size the last run stands for other bytes.
            layers.add(layer.size() == source.size() ? runs.orElse(null) : null);
        }
        return new StoredRuns(layers);
    }

    /** Whether a compressed extent's runs are carried over. */
    boolean carries(Extent extent) {
        return extent.depth() < layers.size() && layers.get(extent.depth()) != null;
    }

    /**
     * Reads the run at a guest offset.
     *
     * @return false where no layer holds one that begins there
     */
    boolean read(long guestOffset, ByteBuffer plain, ByteBuffer stream) throws IOException {
        int plainStart = plain.position();
        int streamStart = stream.position();
        for (CompressedRuns runs : layers) {
            if (runs != null && runs.readRun(guestOffset, plain.position(plainStart), stream.position(streamStart))) {
                return true;
            }
        }
        return false;
    }
}
