package io.jimg;

/**
 * Who is told what does not belong into a result or an exception: what a repair found while an image was being opened,
 * or what went wrong beside the failure that is reported. Called by the thread that uses the image, and by several
 * where several do.
 */
public interface Notices {
    /** Nobody. */
    Notices NONE = new Notices() {
        @Override
        public void remark(String line) {
            // Nobody listens.
        }

        @Override
        public void complaint(String sentence) {
            // Nobody listens.
        }
    };

    /** A line as qemu-img prints it. */
    void remark(String line);

    /** A sentence that qemu-img puts its name before. */
    void complaint(String sentence);

    /** Words that follow a complaint, behind which qemu-img ends no line. */
    default void hint(String words) {
        remark(words);
    }
}
