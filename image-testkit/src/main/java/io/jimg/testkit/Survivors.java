package io.jimg.testkit;

import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * Which of the changes since the last flush survive a power loss. Orderly ways of losing power find the bugs that
 * chance alone seldom meets: all but one request, one request alone, the first so many; beside them chance decides for
 * every request, or for every sector.
 */
abstract class Survivors {
    private final Random random;

    private Survivors(Random random) {
        this.random = random;
    }

    /** Whether a change to one sector survives; asked once for each sector of a request, the latest change first. */
    abstract boolean keeps(int request);

    /** Which of the lengths since the last flush the file has. */
    long length(List<Long> lengths) {
        return lengths.get(
                switch (random.nextInt(4)) {
                    case 0 -> 0;
                    case 1, 2 -> lengths.size() - 1;
                    default -> random.nextInt(lengths.size());
                });
    }

    /**
     * Chooses a way.
     *
     * @param requests how many changes there were; they are numbered from 1
     */
    static Survivors choose(Random random, int requests) {
        int chosen = 1 + random.nextInt(Math.max(1, requests));
        double share = random.nextDouble();
        BitSet kept = new BitSet();
        return switch (random.nextInt(8)) {
            case 0 -> of(random, request -> false);
            case 1 ->
                new Survivors(random) {
                    @Override
                    boolean keeps(int request) {
                        return true;
                    }

                    @Override
                    long length(List<Long> lengths) {
                        return lengths.get(lengths.size() - 1);
                    }
                };
            case 2 -> of(random, request -> request != chosen);
            case 3 -> of(random, request -> request == chosen);
            case 4 -> of(random, request -> request <= chosen);
            case 5 -> of(random, request -> request > chosen);
            case 6 -> {
                for (int request = 1; request <= requests; request++) {
                    kept.set(request, random.nextDouble() < share);
                }
                yield of(random, kept::get);
            }
            default -> of(random, request -> random.nextDouble() < share);
        };
    }

    private static Survivors of(Random random, java.util.function.IntPredicate kept) {
        return new Survivors(random) {
            @Override
            boolean keeps(int request) {
                return kept.test(request);
            }
        };
    }
}
