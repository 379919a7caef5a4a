package io.jimg.copy;

/**
 * What a copy did. All values are guest bytes but the last.
 *
 * @param size the disk's
 * @param copied read and written
 * @param zeroes became zeroes or were skipped as such
 * @param carriedOver in compressed runs that were copied as they were stored
 * @param unreadable could not be read and became zeroes
 * @param threads that worked on it
 */
public record Totals(long size, long copied, long zeroes, long carriedOver, long unreadable, int threads) {}
