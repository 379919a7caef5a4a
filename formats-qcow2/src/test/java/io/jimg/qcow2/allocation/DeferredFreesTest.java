package io.jimg.qcow2.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.qcow2.allocation.DeferredFrees.Run;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeferredFreesTest {
    private final GracePeriod grace = new GracePeriod();
    private final DeferredFrees frees = new DeferredFrees(grace, 4096);

    @Test
    void neighboursBecomeOneRun() {
        frees.add(new Run(8192, 1, true));
        frees.add(new Run(12288, 2, true));
        frees.add(new Run(20480, 1, false));
        assertThat(frees.takePending()).containsExactly(new Run(8192, 3, true), new Run(20480, 1, false));
    }

    @Test
    void nothingIsFreeBeforeItsPointerIsDurablyGone() {
        frees.add(new Run(8192, 1, false));
        assertThat(frees.takeUnused()).isEmpty();
        List<Run> taken = frees.takePending();
        assertThat(frees.takeUnused()).isEmpty();
        frees.restore(taken);
        assertThat(frees.isEmpty()).isFalse();
        frees.durable(frees.takePending());
        assertThat(frees.takeUnused()).containsExactly(new Run(8192, 1, false));
        assertThat(frees.isEmpty()).isTrue();
    }

    @Test
    void nothingIsFreeWhileARequestMayUseIt() {
        long request = grace.enter();
        frees.add(new Run(8192, 1, false));
        frees.durable(frees.takePending());
        assertThat(frees.takeUnused()).isEmpty();
        assertThat(frees.isEmpty()).isFalse();
        grace.leave(request);
        assertThat(frees.takeUnused()).hasSize(1);
    }
}
