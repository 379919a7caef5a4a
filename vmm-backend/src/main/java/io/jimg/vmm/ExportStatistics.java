package io.jimg.vmm;

/**
 * What was asked of an export since it began.
 *
 * @param connections those who are connected now
 * @param reads requests to read
 * @param readBytes bytes that they were about
 * @param writes requests to write
 * @param writtenBytes bytes that they were about
 * @param flushes requests to make durable
 * @param others all other requests
 * @param failures requests that were answered by an error
 */
public record ExportStatistics(
        int connections,
        long reads,
        long readBytes,
        long writes,
        long writtenBytes,
        long flushes,
        long others,
        long failures) {}
