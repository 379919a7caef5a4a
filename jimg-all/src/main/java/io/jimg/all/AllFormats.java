package io.jimg.all;

import io.jimg.Images;
import io.jimg.luks.LuksFormat;
import io.jimg.nbd.NbdProtocol;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.raw.RawFormat;
import io.jimg.vmdk.VmdkFormat;

/**
 * The formats and protocols that jimg brings, named rather than searched for. {@link Images#standard()} also finds
 * those of others, but looks into every jar of the class path for them; a program that lives for some milliseconds
 * starts sooner with these. Every format and protocol of ours has a line here.
 */
public final class AllFormats {
    private AllFormats() {}

    private static final class Holder {
        static final Images IMAGES = Images.withoutFormats()
                .with(new Qcow2Format())
                .with(new RawFormat())
                .with(new VmdkFormat())
                .with(new LuksFormat())
                .with(new NbdProtocol());
    }

    /** The protocols of the library and all its formats. */
    public static Images images() {
        return Holder.IMAGES;
    }
}
