package io.jimg.cli.io;

import java.util.Objects;

/** A command fails: what is said of it, and where. */
final class IoFailure extends Exception {
    private static final long serialVersionUID = 1L;

    /** Where the sentence goes. */
    enum Place {
        /** Among the results. */
        RESULTS,
        /** Among the complaints, after the program's name. */
        COMPLAINTS,
        /** Nowhere: the command's own syntax is printed. */
        SYNTAX,
        /** Nowhere: all has been said. */
        SAID
    }

    private final Place place;

    private IoFailure(Place place, String sentence) {
        super(sentence, null, false, false);
        this.place = place;
    }

    /** A sentence among the results. */
    static IoFailure result(String sentence) {
        return new IoFailure(Place.RESULTS, sentence);
    }

    /** A complaint of the program. */
    static IoFailure complaint(String sentence) {
        return new IoFailure(Place.COMPLAINTS, sentence);
    }

    /** The words make no sense: the command's syntax is shown. */
    static IoFailure usage() {
        return new IoFailure(Place.SYNTAX, "");
    }

    /** What there is to say was said. */
    static IoFailure said() {
        return new IoFailure(Place.SAID, "");
    }

    Place place() {
        return place;
    }

    /** The sentence; never null. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
