package io.jimg.vmdk.descriptor;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One line of the descriptor's extent section: {@code RW 4192256 SPARSE "test-s001.vmdk"}.
 *
 * @param access what may be done
 * @param sectors guest sectors of 512 bytes
 * @param type how the bytes are stored
 * @param fileName the file, as the descriptor names it; null for {@link ExtentType#ZERO} alone
 * @param firstSector where in the file a flat extent's bytes begin, in sectors
 */
public record ExtentLine(
        ExtentAccess access,
        long sectors,
        ExtentType type,
        @Nullable String fileName,
        long firstSector) {

    private static final int SECTOR = 512;
    private static final Pattern OF_NO_SECTOR = Pattern.compile("\\w+\\s+0+(\\s|$)");

    /** Guest bytes. */
    public long size() {
        return sectors * SECTOR;
    }

    /**
     * Whether a line is one of the extent section: its first word is an access mode. An extent of no sectors is none,
     * as in qemu-img: its file is not looked for.
     */
    static boolean isOne(String line) {
        String stripped = line.strip();
        if (OF_NO_SECTOR.matcher(stripped).lookingAt()) {
            return false;
        }
        for (ExtentAccess access : ExtentAccess.values()) {
            String word = access.name();
            if (stripped.regionMatches(true, 0, word, 0, word.length())
                    && stripped.length() > word.length()
                    && Character.isWhitespace(stripped.charAt(word.length()))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Reads a line.
     *
     * @param line decoded
     * @param resource the descriptor's name, for the sentence
     * @throws ImageException {@link ErrorKind#CORRUPT} where it is malformed, {@link ErrorKind#UNSUPPORTED} for a type
     *     that is not known
     */
    static ExtentLine parse(String line, String resource) throws ImageException {
        String stripped = line.strip();
        int quote = stripped.indexOf('"');
        int end = quote < 0 ? -1 : stripped.lastIndexOf('"');
        if (quote >= 0 && end == quote) {
            throw invalid(stripped, resource);
        }
        String[] words =
                (quote < 0 ? stripped : stripped.substring(0, quote)).strip().split("\\s+");
        if (words.length != 3) {
            throw invalid(stripped, resource);
        }
        ExtentAccess access = ExtentAccess.valueOf(words[0].toUpperCase(Locale.ROOT));
        long sectors = number(words[1], stripped, resource);
        ExtentType type = type(words[2], stripped, resource);
        String name = quote < 0 ? null : stripped.substring(quote + 1, end);
        String[] rest = quote < 0 || end + 1 == stripped.length()
                ? new String[0]
                : stripped.substring(end + 1).strip().split("\\s+");
        long first = rest.length == 0 ? 0 : number(rest[0], stripped, resource);
        boolean needsName = type != ExtentType.ZERO && access != ExtentAccess.NOACCESS;
        // Where a flat file on VMFS begins is not in its line: another place than its start is a mistake.
        boolean offsetAllowed = type == ExtentType.FLAT || first == 0;
        if ((needsName && (name == null || name.isEmpty())) || !offsetAllowed) {
            throw invalid(stripped, resource);
        }
        return new ExtentLine(access, sectors, type, name, first);
    }

    private static ExtentType type(String word, String line, String resource) throws ImageException {
        for (ExtentType type : ExtentType.values()) {
            if (type.name().equalsIgnoreCase(word)) {
                return type;
            }
        }
        throw new ImageException(
                ErrorKind.UNSUPPORTED,
                "Unsupported extent type '" + word + "' in the line: " + line,
                resource,
                ImageException.NO_OFFSET,
                null);
    }

    private static long number(String word, String line, String resource) throws ImageException {
        try {
            long value = Long.parseLong(word);
            if (value >= 0 && value <= Long.MAX_VALUE / SECTOR) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            throw invalid(line, resource);
        }
        throw invalid(line, resource);
    }

    private static ImageException invalid(String line, String resource) {
        return new ImageException(
                ErrorKind.CORRUPT, "Invalid extent line: " + line, resource, ImageException.NO_OFFSET, null);
    }

    /** The line as it is written. */
    String text() {
        String place = type == ExtentType.ZERO ? "" : " \"" + fileName + "\"";
        String offset = type == ExtentType.FLAT ? " " + firstSector : "";
        return access + " " + sectors + " " + type + place + offset;
    }
}
