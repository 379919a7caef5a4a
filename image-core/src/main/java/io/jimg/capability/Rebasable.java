package io.jimg.capability;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An image whose backing file's name can be changed. Safe for many threads. */
public interface Rebasable {

    /**
     * Makes the image name another backing file. Durable on return; power loss leaves the old name or the new one. The
     * backing file that was opened with the image stays its {@link io.jimg.DiskImage#backing()} until it is opened
     * again. What the guest reads then is up to the caller.
     *
     * @param name the new backing file as the image shall name it: a relative name belongs to the image's folder; null
     *     for none
     * @param format its format; null not to state it, and without a name
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#LIMIT} where the name is too long,
     *     {@link io.jimg.ErrorKind#READ_ONLY}, {@link io.jimg.ErrorKind#BAD_OPTION} where the image cannot have a
     *     backing file; nothing was changed then
     */
    void changeBacking(@Nullable String name, @Nullable String format) throws IOException;
}
