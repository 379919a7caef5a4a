package io.jimg.vmdk.image;

import io.jimg.spi.Doc;
import io.jimg.storage.Storage;
import io.jimg.vmdk.descriptor.Descriptor;

/** The format's own part of {@code info}, with QEMU's members in its order. */
final class VmdkInfo {
    private VmdkInfo() {}

    static Doc of(Descriptor descriptor, Parts parts) {
        return Doc.create()
                .put("cid", descriptor.cid())
                .put("parent-cid", descriptor.parentCid())
                .put("create-type", descriptor.createType())
                .put("extents", Doc.list(parts.list(), VmdkInfo::extent));
    }

    private static Doc extent(Part part) {
        Doc doc = Doc.create();
        if (part.extent().compressed()) {
            doc.put("compressed", true);
        }
        doc.put("virtual-size", part.extent().size());
        Storage file = part.extent().file();
        doc.put("filename", file == null ? "" : file.name());
        if (part.extent().grainSize() > 0) {
            doc.put("cluster-size", part.extent().grainSize());
        }
        return doc.put("format", part.type());
    }
}
