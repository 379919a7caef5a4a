package io.jimg.capability;

import java.io.IOException;
import java.util.List;

/**
 * Persistent dirty bitmaps of an image. Each change is durable when the call returns, and power loss leaves what was
 * before it or what is after it. An image that is open for writing records its changes in the bitmaps that are enabled;
 * they reach the file when the image is closed, and a bitmap that was recording when its writer died is inconsistent
 * from then on.
 *
 * <p>All but {@link #list} and {@link #read} need an image that was opened for writing, and fail with
 * {@link io.jimg.ErrorKind#READ_ONLY} otherwise; who names a bitmap that does not exist gets
 * {@link io.jimg.ErrorKind#NOT_FOUND}; an inconsistent bitmap can only be removed, the rest fails with
 * {@link io.jimg.ErrorKind#CORRUPT}.
 */
public interface Bitmaps {

    /**
     * One bitmap.
     *
     * @param name unique in the image
     * @param granularity guest bytes that one bit stands for: a power of two
     * @param enabled whether it records what is written
     * @param inconsistent whether its writer died: what it says is not to be trusted
     */
    record Bitmap(String name, long granularity, boolean enabled, boolean inconsistent) {}

    /** The bitmaps in the image's order. */
    List<Bitmap> list() throws IOException;

    /** Whether the image can hold bitmaps at all; an old version of its format may not. */
    boolean storable();

    /** The granularity that a bitmap has where none is asked for, in bytes. */
    long defaultGranularity();

    /**
     * Adds a bitmap that is clean.
     *
     * @param granularity guest bytes that one bit stands for: a power of two from 512 on
     * @param enabled whether it records what is written from now on
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#EXISTS}; {@link io.jimg.ErrorKind#BAD_OPTION} for a name
     *     or a granularity that cannot be; {@link io.jimg.ErrorKind#LIMIT} where the format does not hold so large a
     *     bitmap or so many; {@link io.jimg.ErrorKind#UNSUPPORTED} where the image holds none
     */
    void add(String name, long granularity, boolean enabled) throws IOException;

    /** Removes a bitmap, consistent or not. */
    void remove(String name) throws IOException;

    /** Makes a bitmap clean. */
    void clear(String name) throws IOException;

    /** Lets a bitmap record what is written from now on. */
    void enable(String name) throws IOException;

    /** Lets a bitmap keep what it has recorded. */
    void disable(String name) throws IOException;

    /**
     * Marks dirty in a bitmap what is dirty in another one, of this image or of any.
     *
     * @param source of any granularity, over as many guest bytes
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#BAD_OPTION} where the sizes differ
     */
    void merge(String name, DirtyRuns source) throws IOException;

    /**
     * What a bitmap says, at the time of each call of the result: what is being recorded included.
     *
     * @return valid while the image is open and has the bitmap
     */
    DirtyRuns read(String name) throws IOException;
}
