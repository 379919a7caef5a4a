package io.jimg.cli.io;

import java.util.List;

/** The lengths of a request that is made of several buffers, as commands name them after its offset. */
final class Pieces {
    private Pieces() {}

    /**
     * Their sum.
     *
     * @param operands the offset, then lengths
     */
    static int total(List<String> operands) throws IoFailure {
        long total = 0;
        for (String word : operands.subList(1, operands.size())) {
            long length = Numbers.size(word);
            if (length > Numbers.LARGEST_REQUEST) {
                throw IoFailure.result("Argument '" + word + "' exceeds maximum size " + Numbers.LARGEST_REQUEST);
            }
            total += length;
            if (total > Numbers.LARGEST_REQUEST) {
                throw IoFailure.result("The total number of bytes exceed the maximum size " + Numbers.LARGEST_REQUEST);
            }
        }
        return (int) total;
    }
}
