package io.jimg.spi;

import io.jimg.Options;
import io.jimg.Secrets;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image of which only the size is asked.
 *
 * @param size the guest's size in bytes
 * @param options read by the format's {@link ImageFormat#createSchema()}; what would be refused where the image is made
 *     may be missing
 * @param refused the words that are no value of their option, for a format that looks at them
 * @param source what the image would be a copy of; null for an empty image
 * @param secrets who gives the passphrases that the options name
 */
public record MeasureRequest(
        long size,
        Options options,
        DottedOptions refused,
        @Nullable Source source,
        Secrets secrets) {

    /** The image to be copied. */
    public interface Source {
        /**
         * Bytes of all units, whole ones but for the disk's end, in which the source has data. Walks the whole source.
         *
         * @param unit bytes in which the new image allocates, a power of two of at least 512
         */
        long unitsWithData(int unit) throws IOException;

        /** The persistent bitmaps; null where the source cannot have any. */
        @Nullable
        List<BitmapShape> bitmaps() throws IOException;
    }

    /**
     * A persistent bitmap.
     *
     * @param name its name
     * @param granularity guest bytes that one bit stands for, a power of two
     */
    public record BitmapShape(String name, long granularity) {}
}
