package io.jimg.vmm.nbd;

import java.time.Duration;

/**
 * What clients may hold of a server. A connection takes at most {@code requests} threads and, for each, 2 MiB of
 * buffers, and 32 MiB more where an answer must be in one piece.
 *
 * @param connections how many there may be at once; who comes then waits, and ends for it a handshake that goes on for
 *     more than a second
 * @param requests how many requests of one connection are worked on at once
 * @param handshake how long a client may take until it has chosen an export
 */
public record NbdServerLimits(int connections, int requests, Duration handshake) {
    /** 64 connections, 16 requests, 10 seconds. */
    public static final NbdServerLimits DEFAULT = new NbdServerLimits(64, 16, Duration.ofSeconds(10));

    /** Checks that there is at least one of each. */
    public NbdServerLimits {
        if (connections < 1 || requests < 1 || handshake.isNegative() || handshake.isZero()) {
            throw new IllegalArgumentException("limits that allow nothing");
        }
    }
}
