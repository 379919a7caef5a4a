package io.jimg;

import org.jspecify.annotations.Nullable;

/**
 * One option of a driver: declared once as a constant ({@code Qcow2.CLUSTER_SIZE}), and from it come parsing, printing,
 * {@code -o help} and the typed getter of {@link Options}.
 *
 * @param name as written in {@code -o name=value}
 * @param type how its text is read and printed
 * @param defaultValue what {@link Options#get} answers where it was not given; null for none
 * @param help one line for {@code -o help}; empty for none
 * @param <T> type of the value
 */
public record Option<T>(
        String name, OptionType<T> type, @Nullable T defaultValue, String help) {

    /** An option without a default. */
    public static <T> Option<T> of(String name, OptionType<T> type, String help) {
        return new Option<>(name, type, null, help);
    }

    /** An option with a default. */
    public static <T> Option<T> of(String name, OptionType<T> type, T defaultValue, String help) {
        return new Option<>(name, type, defaultValue, help);
    }

    /**
     * The name's: what a record would compute by itself is linked at its first use, which a short command would feel.
     */
    @Override
    public int hashCode() {
        return name.hashCode();
    }
}
