package io.jimg.all.faults;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * One operation that is tried with faults, and what may have become of the files afterwards. A file that is not named
 * here must not change by a byte.
 */
final class Operation {
    /** Something that is done to images. */
    @FunctionalInterface
    interface Work {
        void in(Scene scene) throws IOException;
    }

    /** What an image that is changed in place may hold after a failure. */
    enum Left {
        /** The content before or the content after. */
        EITHER,
        /** Each byte as before or as after. */
        MIXED,
        /** Each byte as before or as after, even where nothing was reported: advice need not be taken. */
        ADVISED,
        /** As {@link #EITHER}; a child may have to be told once more who its parent is. */
        LINKED,
        /** Bytes that nobody wrote and a cipher makes of zeroes: only the size is sure. */
        NOISE,
        /** The content as before, if it can be read, and after one more try without a fault as it should be. */
        AGAIN
    }

    /**
     * An image that the operation changes or makes.
     *
     * @param options what it takes to open it
     */
    record Subject(String name, String format, String options, Left left) {}

    final String name;
    final Work prepare;
    final Work action;
    final List<Subject> changed = new ArrayList<>();
    final List<Subject> made = new ArrayList<>();
    final List<String> parts = new ArrayList<>();
    int cost = 1;

    private Operation(String name, Work prepare, Work action) {
        this.name = name;
        this.prepare = prepare;
        this.action = action;
    }

    static Operation of(String name, Work prepare, Work action) {
        return new Operation(name, prepare, action);
    }

    /** It changes that image in place. */
    Operation changes(String file, String format, Left left) {
        return changes(file, format, left, "");
    }

    Operation changes(String file, String format, Left left, String options) {
        changed.add(new Subject(file, format, options, left));
        return this;
    }

    /** It makes that image. */
    Operation makes(String file, String format) {
        return makes(file, format, "");
    }

    Operation makes(String file, String format, String options) {
        return makes(file, format, options, Left.EITHER);
    }

    Operation makes(String file, String format, String options, Left left) {
        made.add(new Subject(file, format, options, left));
        return this;
    }

    /** It makes or changes that file, which is a part of an image. */
    Operation withPart(String file) {
        parts.add(file);
        return this;
    }

    /** It takes so many times as long as others, and is tried as much less often. */
    Operation costly(int times) {
        cost = times;
        return this;
    }

    @Override
    public String toString() {
        return name;
    }
}
