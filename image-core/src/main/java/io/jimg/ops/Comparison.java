package io.jimg.ops;

/**
 * What a {@link Compare} found.
 *
 * @param outcome same, or what differs first
 * @param offset guest offset of the first difference: of the sector of 512 bytes with the first byte that differs, or
 *     of the run; 0 where nothing differs
 */
public record Comparison(Outcome outcome, long offset) {

    /** How two images relate. */
    public enum Outcome {
        /** Same content, and same sizes and allocation where that was asked. */
        IDENTICAL,
        /** Strict mode: the sizes differ. */
        SIZE_DIFFERS,
        /** Strict mode: a run is allocated in one alone, or in another layer. */
        ALLOCATION_DIFFERS,
        /** A byte differs. */
        CONTENT_DIFFERS
    }

    /** Whether nothing differs that was asked for. */
    public boolean identical() {
        return outcome == Outcome.IDENTICAL;
    }
}
