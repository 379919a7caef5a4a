package io.jimg.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Compiled into every module's tests: asserts that the Java that runs them is the one that the build's lane promises. A
 * lane that silently ran on another JDK would prove nothing.
 */
@Tag("quick")
class LaneTest {
    @Test
    void runsOnTheJavaThatTheLaneNames() {
        assumeTrue(System.getProperty("jimg.lane.oldest") != null, "not started by the build");
        assertThat(Runtime.version().feature())
                .isBetween(Integer.getInteger("jimg.lane.oldest"), Integer.getInteger("jimg.lane.newest"));
    }

    @Test
    void runsOnThePathThatTheLaneNames() {
        assumeTrue(System.getProperty("jimg.lane.modules") != null, "not started by the build");
        Module module = getClass().getModule();
        assertThat(module.isNamed()).isEqualTo(Boolean.getBoolean("jimg.lane.modules"));
        if (module.isNamed()) {
            var reference = module.getLayer()
                    .configuration()
                    .findModule(module.getName())
                    .orElseThrow()
                    .reference();
            assertThat(reference.location().orElseThrow().getPath()).endsWith(".jar");
        }
    }
}
