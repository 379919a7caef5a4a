package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Makes the refcounts of an image that is marked dirty right again, and takes the mark away (specification: "Header",
 * incompatible feature bit 0): the repair of {@link Qcow2Repair}, for an image that is about to be used. Where more
 * than refcounts is wrong, it is for the user to decide on a repair.
 */
public final class RefcountRebuild {
    private RefcountRebuild() {}

    /**
     * Repairs an image before anything of it is cached; its header is to be read again afterwards.
     *
     * @param file the image's file, writable
     * @param header its header
     * @return what was found, and what was done about it
     * @throws ImageException {@link ErrorKind#CORRUPT} where more than refcounts is wrong; nothing was changed then
     */
    public static CheckReport run(Storage file, Header header) throws IOException {
        return new Qcow2Repair(file, Repairable.Mode.ALL, true).run();
    }
}
