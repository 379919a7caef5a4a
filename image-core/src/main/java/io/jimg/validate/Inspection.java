package io.jimg.validate;

/**
 * Takes what a format's driver, or the validation itself, finds. For one thread, unless an implementation says
 * otherwise.
 */
public interface Inspection {

    /**
     * Tells of something that a rule is about.
     *
     * @param sentence without full stop; see {@link #quoted} for what an image says
     */
    void found(Rule rule, Place place, String sentence);

    /**
     * Tells of a quantity that a rule has a limit for; it is a finding where it is larger than that.
     *
     * @param value in the rule's {@link Rule#unit()}, not negative
     * @param what what is so large, as the beginning of a sentence, such as {@code "The L1 table"}
     */
    void measured(Rule rule, long value, Place place, String what);

    /** Text from an image for a sentence: in quotes, cut to 200 characters, without control characters. */
    static String quoted(String text) {
        return "'" + escaped(text) + "'";
    }

    /** Text for a sentence: cut to 200 characters, without control characters. */
    static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        int length = Math.min(text.length(), 200);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c) || Character.isSurrogate(c) || Character.getType(c) == Character.FORMAT) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append(text.length() > length ? "..." : "").toString();
    }
}
