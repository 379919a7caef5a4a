/** The block device, the image, the storage under it and the operations on top. */
module io.jimg {
    requires static org.jspecify;
}
