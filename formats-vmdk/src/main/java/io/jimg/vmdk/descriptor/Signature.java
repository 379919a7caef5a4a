package io.jimg.vmdk.descriptor;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Tells a descriptor file by its beginning: comments and lines of spaces, then the line that names the version. */
public final class Signature {
    private Signature() {}

    /** Whether a file that begins so is a descriptor of version 1, 2 or 3. */
    public static boolean isDescriptor(ByteBuffer head) {
        byte[] bytes = new byte[head.remaining()];
        head.duplicate().get(bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf('\n', at);
            if (end < 0) {
                return false;
            }
            String line = text.substring(at, end);
            at = end + 1;
            if (line.endsWith("\r")) {
                line = line.substring(0, line.length() - 1);
            }
            if (line.startsWith("#") || (!line.isEmpty() && line.chars().allMatch(c -> c == ' '))) {
                continue;
            }
            return line.equals("version=1") || line.equals("version=2") || line.equals("version=3");
        }
        return false;
    }
}
