package io.jimg.qcow2.header;

/**
 * Where the bitmap directory is (specification: "Bitmaps extension").
 *
 * @param count bitmaps, at least 1
 * @param directorySize bytes
 * @param directoryOffset host offset of the directory, a multiple of the cluster size
 */
public record BitmapsExtension(int count, long directorySize, long directoryOffset) {}
