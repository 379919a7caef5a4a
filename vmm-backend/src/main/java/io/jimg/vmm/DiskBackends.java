package io.jimg.vmm;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** The transports that are there. */
public final class DiskBackends {
    private DiskBackends() {}

    /** All that {@link ServiceLoader} finds with the class loader of the hook. */
    public static List<DiskBackend> installed() {
        List<DiskBackend> found = new ArrayList<>();
        ServiceLoader.load(DiskBackend.class, DiskBackend.class.getClassLoader())
                .forEach(found::add);
        return found;
    }

    /**
     * The one of that name.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where there is none
     */
    public static DiskBackend named(String name) throws ImageException {
        for (DiskBackend backend : installed()) {
            if (backend.name().equals(name)) {
                return backend;
            }
        }
        throw new ImageException(ErrorKind.UNSUPPORTED, "Unknown disk backend '" + name + "'");
    }
}
