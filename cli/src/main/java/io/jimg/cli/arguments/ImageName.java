package io.jimg.cli.arguments;

import io.jimg.cli.getopt.UsageException;
import java.util.List;

/** The operand of a command that works on one image. */
public final class ImageName {
    private ImageName() {}

    /**
     * The only operand.
     *
     * @throws UsageException if there are none or several
     */
    public static String only(List<String> operands) throws UsageException {
        if (operands.size() != 1) {
            throw new UsageException("Expecting one image file name");
        }
        return operands.get(0);
    }
}
