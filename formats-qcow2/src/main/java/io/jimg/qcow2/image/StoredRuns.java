package io.jimg.qcow2.image;

import io.jimg.capability.CompressedRuns;
import io.jimg.qcow2.allocation.GracePeriod;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Mapper;
import io.jimg.qcow2.mapping.Run;
import io.jimg.qcow2.mapping.RunKind;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The image's compressed clusters as they are stored. */
final class StoredRuns implements CompressedRuns {
    private final Geometry geometry;
    private final String codec;
    private final Mapper mapper;
    private final CompressedReader reader;
    private final GracePeriod grace;

    StoredRuns(Geometry geometry, String codec, Mapper mapper, CompressedReader reader, GracePeriod grace) {
        this.geometry = geometry;
        this.codec = codec;
        this.mapper = mapper;
        this.reader = reader;
        this.grace = grace;
    }

    @Override
    public String codec() {
        return codec;
    }

    @Override
    public int runLength() {
        return geometry.clusterSize();
    }

    @Override
    public boolean readRun(long guestOffset, ByteBuffer plain, ByteBuffer stream) throws IOException {
        if (geometry.inCluster(guestOffset) != 0) {
            throw new IllegalArgumentException("guest offset " + guestOffset + " is no cluster's");
        }
        long token = grace.enter();
        try {
            Run run = mapper.find(guestOffset, geometry.clusterSize());
            return run.kind() == RunKind.COMPRESSED && reader.readStream(run, plain, stream);
        } finally {
            grace.leave(token);
        }
    }
}
