package io.jimg.qcow2.change;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.HeaderRewrite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Another backing file in the header, or none.
 *
 * @param name as it shall stand in the image; null for none
 * @param format its format; null not to state it
 */
public record BackingChange(@Nullable String name, @Nullable String format) implements MetadataChange<Boolean> {

    /** Returns whether the header changed. */
    @Override
    public Boolean apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        if (name != null && header.hasDataFile() && header.autoclear().has(AutoclearFeature.RAW_EXTERNAL_DATA)) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Invalid argument");
        }
        if (length(name) > HeaderLimits.MAX_BACKING_NAME || length(format) > HeaderLimits.MAX_BACKING_FORMAT) {
            throw new ImageException(ErrorKind.LIMIT, "Invalid argument");
        }
        Header changed = header.withBacking(name, name == null ? null : format);
        if (!HeaderRewrite.fits(changed)) {
            throw new ImageException(ErrorKind.LIMIT, "No space left in the file header");
        }
        if (changed.equals(header)) {
            return false;
        }
        image.rewriteHeader(present -> present.withBacking(name, name == null ? null : format));
        return true;
    }

    private static int length(@Nullable String text) {
        return text == null ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
    }
}
