package io.jimg.qcow2.compression;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.compression.ClusterCompressionTest.Way;
import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.Size;

@Tag("quick")
class HostileStreamTest {
    @Property(tries = 300)
    void anyBytesAreACorruptClusterAtWorst(@ForAll @Size(max = 300) byte[] bytes, @ForAll boolean zstdMagic)
            throws Exception {
        for (Way way : (Iterable<Way>) ClusterCompressionTest.ways()::iterator) {
            ByteBuffer source = way.buffer(bytes.length + 4);
            if (zstdMagic) {
                source.putInt(0x28B52FFD);
            }
            source.put(bytes).flip();
            try (ClusterCompression compression = way.open()) {
                compression.decode(source, way.buffer(ClusterCompressionTest.CLUSTER));
            } catch (ImageException corrupt) {
                assertThat(corrupt.kind()).isEqualTo(ErrorKind.CORRUPT);
            }
        }
    }
}
