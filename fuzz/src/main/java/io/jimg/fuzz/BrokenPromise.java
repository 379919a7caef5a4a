package io.jimg.fuzz;

/** Something that jimg promises of hostile images does not hold: a finding. */
final class BrokenPromise extends AssertionError {
    private static final long serialVersionUID = 1L;

    /** With what was seen. */
    BrokenPromise(String sentence) {
        super(sentence);
    }
}
