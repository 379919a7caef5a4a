package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OptionType;
import java.util.Locale;

/** How much of a new file's space is reserved before anything is written to it. */
public enum Preallocation {
    /** None: the file is sparse. */
    OFF,
    /** All, by asking the file system for it. */
    FALLOC,
    /** All, by writing zeroes. */
    FULL;

    /** The option's text, with QEMU's sentences for what it is not. */
    public static final OptionType<Preallocation> TYPE = new OptionType<>() {
        @Override
        public String placeholder() {
            return STRING.placeholder();
        }

        @Override
        public Preallocation parse(String name, String text) throws ImageException {
            for (Preallocation mode : values()) {
                if (print(mode).equals(text)) {
                    return mode;
                }
            }
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    text.equals("metadata")
                            ? "Unsupported preallocation mode: metadata"
                            : "invalid parameter value: " + text);
        }

        @Override
        public String print(Preallocation value) {
            return value.name().toLowerCase(Locale.ROOT);
        }
    };
}
