package io.jimg.fuzz;

/** Something that jimg promises of hostile images does not hold: a finding. */
sealed class BrokenPromise extends AssertionError permits BrokenPromise.Bound {
    private static final long serialVersionUID = 1L;

    /** With what was seen. */
    BrokenPromise(String sentence) {
        super(sentence);
    }

    /** A bound of time or memory that was not kept. */
    static final class Bound extends BrokenPromise {
        private static final long serialVersionUID = 1L;

        /** With what was seen. */
        Bound(String sentence) {
            super(sentence);
        }
    }
}
