package io.jimg.luks;

import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.crypto.LuksOptions;
import io.jimg.spi.Schema;
import java.util.ArrayList;
import java.util.List;

/** The options of LUKS images. */
public final class Luks {
    /** What a new image, and a change of key slots, take of encryption. */
    public static final LuksOptions OPTIONS =
            new LuksOptions("", "ID of the secret that provides the keyslot passphrase");

    /** The size of a new image in bytes. */
    public static final Option<Long> SIZE = Option.of("size", OptionType.SIZE, "Virtual disk size");

    /**
     * Whether a new image's header is to be a file of its own; QEMU knows the name, and refuses it at creation by name.
     */
    public static final Option<Boolean> DETACHED_HEADER =
            Option.of("detached-header", OptionType.BOOL, "Create a detached LUKS header");

    static final Schema OPEN = Schema.of(OPTIONS.keySecret());
    static final Schema CREATE = creation();
    static final Schema AMEND = new Schema(OPTIONS.change());

    private Luks() {}

    private static Schema creation() {
        List<Option<?>> all = new ArrayList<>();
        all.add(SIZE);
        all.addAll(OPTIONS.creation());
        all.add(DETACHED_HEADER);
        return new Schema(all);
    }
}
