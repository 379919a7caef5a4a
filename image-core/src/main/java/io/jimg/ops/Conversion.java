package io.jimg.ops;

import io.jimg.copy.Totals;

/**
 * What a {@link Convert} did. All values are bytes but the last.
 *
 * @param size the target's guest size
 * @param copied guest bytes that were read and written
 * @param zeroes guest bytes that became zeroes or were skipped as such
 * @param carriedOver guest bytes whose compressed runs were copied as they were stored
 * @param unreadable guest bytes that could not be read and became zeroes; only where salvaging was asked for
 * @param threads threads that worked on it
 */
public record Conversion(long size, long copied, long zeroes, long carriedOver, long unreadable, int threads) {
    static Conversion of(Totals totals) {
        return new Conversion(
                totals.size(),
                totals.copied(),
                totals.zeroes(),
                totals.carriedOver(),
                totals.unreadable(),
                totals.threads());
    }
}
