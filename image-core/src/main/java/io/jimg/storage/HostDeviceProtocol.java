package io.jimg.storage;

/** The protocol {@code host_device}: block and character devices of the host. */
public final class HostDeviceProtocol extends FileProtocol {
    /** The protocol's name. */
    public static final String NAME = "host_device";

    /** The driver. */
    public HostDeviceProtocol() {
        super(NAME, HostPath.Kind.DEVICE);
    }
}
