package io.jimg.cli.io;

import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import java.io.IOException;
import java.util.List;

/** One command of the program, such as {@code read}. An instance serves one call. */
interface IoCommand {

    /** How it is called. */
    Syntax syntax();

    /** Its options. */
    default List<OptionSpec> options() {
        return List.of();
    }

    /** What help says beyond {@link Syntax#line}, in lines; none where that says all. */
    default List<String> help() {
        return List.of();
    }

    /** Whether it works on an open image. */
    default boolean needsImage() {
        return true;
    }

    /**
     * Does the work.
     *
     * @throws UsageException if an option makes no sense
     * @throws IoFailure if it fails in a way that it has words for
     * @throws IOException if the image fails
     */
    void run(Session session, Words words) throws UsageException, IoFailure, IOException;
}
