package io.jimg.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.vmm.virtio.GuestRegions.Region;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Memory of several regions. */
@Tag("quick")
class GuestRegionsTest {
    @Test
    void findsRegionsByUnsignedAddresses() {
        ByteBuffer low = ByteBuffer.allocate(100);
        ByteBuffer high = ByteBuffer.allocate(50);
        GuestRegions memory = GuestRegions.of(List.of(new Region(-50, high), new Region(10, low)));
        assertThat(memory.slice(9, 1)).isNull();
        assertThat(memory.slice(10, 200).remaining()).isEqualTo(100);
        assertThat(memory.slice(109, 1).remaining()).isEqualTo(1);
        assertThat(memory.slice(110, 1)).isNull();
        assertThat(memory.slice(-51, 1)).isNull();
        assertThat(memory.slice(-1, 100).put((byte) 3).hasRemaining()).isFalse();
        assertThat(high.get(49)).isEqualTo((byte) 3);
    }

    @Test
    void refusesRegionsThatOverlapOrWrap() {
        ByteBuffer some = ByteBuffer.allocate(16);
        assertThatThrownBy(() -> GuestRegions.of(List.of(new Region(0, some), new Region(15, some))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GuestRegions.of(-8, some)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GuestRegions.of(0, ByteBuffer.allocate(0)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
