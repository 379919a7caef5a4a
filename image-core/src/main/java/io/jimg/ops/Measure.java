package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.Secrets;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.Measurement;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.MeasureRequest;
import io.jimg.spi.Schema;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells how large the file of a new image would be, without making it.
 *
 * <pre>{@code
 * Measurement size = new Measure(Images.standard(), "qcow2").of(source).run();
 * }</pre>
 */
public final class Measure {
    private final Images images;
    private final String format;
    private DottedOptions options = DottedOptions.EMPTY;
    private @Nullable DiskImage bitmapsOf;
    private Secrets secrets = Secrets.NONE;

    /** For an image of a format. */
    public Measure(Images images, String format) {
        this.images = images;
        this.format = format;
    }

    /** Options of the new image as text, as in {@code -o}. */
    public Measure options(DottedOptions value) {
        options = value;
        return this;
    }

    /** Who gives the passphrases that the options name: they must be there, though they change no figure. */
    public Measure secrets(Secrets value) {
        secrets = value;
        return this;
    }

    /**
     * The image whose bitmaps a copy would take along, where it is another than the one that is copied: that of which a
     * snapshot is copied.
     */
    public Measure bitmapsOf(@Nullable DiskImage image) {
        bitmapsOf = image;
        return this;
    }

    /**
     * For an empty image. The job throws {@link InvalidOptionsException} where the options cannot be read.
     *
     * @param size the guest's size in bytes
     */
    public Job<Measurement> ofSize(long size) {
        return new Job<>() {
            @Override
            protected Measurement execute() throws IOException {
                return measure(size, null);
            }
        };
    }

    /**
     * For a copy of an image with all beneath it; the image stays the caller's. The job throws
     * {@link InvalidOptionsException} where the options cannot be read.
     */
    public Job<Measurement> of(DiskImage source) {
        return new Job<>() {
            @Override
            protected Measurement execute() throws IOException {
                return measure(source.size(), new MeasureRequest.Source() {
                    @Override
                    public long unitsWithData(int unit) throws IOException {
                        return count(unit);
                    }

                    @Override
                    public @Nullable List<MeasureRequest.BitmapShape> bitmaps() throws IOException {
                        return shapesOf(bitmapsOf == null ? source : bitmapsOf);
                    }
                });
            }

            private long count(int unit) throws IOException {
                long counted = 0;
                long countedTo = 0;
                for (long at = 0; at < source.size(); ) {
                    checkCancelled();
                    Extent extent = extentAt(at);
                    if (!extent.zero() && extent.end() > countedTo) {
                        long from = Math.max(countedTo, at & -unit);
                        countedTo = Math.min(source.size(), (extent.end() + unit - 1) & -unit);
                        counted += countedTo - from;
                    }
                    at = extent.end();
                    progress(at, source.size());
                }
                return counted;
            }

            private Extent extentAt(long guestOffset) throws IOException {
                try {
                    return source.extentAt(guestOffset, source.size() - guestOffset);
                } catch (IOException unknown) {
                    throw ImageException.wrap(unknown).prefixed("Unable to get block status: ");
                }
            }
        };
    }

    private static @Nullable List<MeasureRequest.BitmapShape> shapesOf(DiskImage image) throws IOException {
        Bitmaps bitmaps = image.capability(Bitmaps.class).orElse(null);
        if (bitmaps == null || !bitmaps.storable()) {
            return null;
        }
        List<MeasureRequest.BitmapShape> shapes = new ArrayList<>();
        for (Bitmaps.Bitmap bitmap : bitmaps.list()) {
            shapes.add(new MeasureRequest.BitmapShape(bitmap.name(), bitmap.granularity()));
        }
        return shapes;
    }

    private Measurement measure(long size, MeasureRequest.@Nullable Source source) throws IOException {
        if (images.formats().stream().noneMatch(known -> known.name().equals(format)) && images.knows(format)) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Block driver '" + format + "' does not support size measurement");
        }
        ImageFormat driver = images.format(format);
        Schema schema = CreatePlan.schema(driver, images.literalFile(""));
        CreateOptions read;
        try {
            read = CreateOptions.read(schema, options);
        } catch (ImageException wrong) {
            throw new InvalidOptionsException(wrong);
        }
        return driver.measure(new MeasureRequest(size, read.values(), read.refused(), source, secrets));
    }
}
