package io.jimg.cli.arguments;

import io.jimg.ThrottleGroups;
import io.jimg.cli.process.CommandException;
import io.jimg.device.ThrottleGroup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The throttle groups that {@code --object} defines, such as {@code throttle-group,id=tg0,limits.bps-total=1000000}.
 * Rates of bursts and their lengths are read and checked; a burst is a tenth of a second's worth.
 */
final class ThrottleObjects implements ThrottleGroups {
    private static final long LARGEST = 1_000_000_000_000_000L;

    private static final List<String> RATES =
            List.of("bps-total", "bps-read", "bps-write", "iops-total", "iops-read", "iops-write");

    private static final String LONG = "limits.";
    private static final String SHORT = "x-";

    private final Map<String, ThrottleGroup> groups = new LinkedHashMap<>();

    /** Reads the words of a definition, whose id was checked. */
    void define(String id, Map<String, String> words) throws CommandException {
        Map<String, Long> limits = new LinkedHashMap<>();
        for (Map.Entry<String, String> word : words.entrySet()) {
            String key = word.getKey();
            if (key.equals("qom-type") || key.equals("id")) {
                continue;
            }
            String name = key.startsWith(LONG)
                    ? key.substring(LONG.length())
                    : key.startsWith(SHORT) ? key.substring(SHORT.length()) : "";
            if (!known(name)) {
                throw new CommandException("Parameter '" + key + "' is unexpected");
            }
            limits.put(name, number(key, word.getValue()));
        }
        check(limits);
        groups.put(
                id,
                new ThrottleGroup(new ThrottleGroup.Limits(
                        limits.getOrDefault("bps-total", 0L),
                        limits.getOrDefault("bps-read", 0L),
                        limits.getOrDefault("bps-write", 0L),
                        limits.getOrDefault("iops-total", 0L),
                        limits.getOrDefault("iops-read", 0L),
                        limits.getOrDefault("iops-write", 0L),
                        limits.getOrDefault("iops-size", 0L))));
    }

    private static boolean known(String name) {
        if (name.equals("iops-size")) {
            return true;
        }
        for (String rate : RATES) {
            if (name.equals(rate) || name.equals(rate + "-max") || name.equals(rate + "-max-length")) {
                return true;
            }
        }
        return false;
    }

    private static long number(String key, String value) throws CommandException {
        try {
            return Long.decode(value);
        } catch (NumberFormatException none) {
            throw new CommandException("Parameter '" + key + "' expects integer");
        }
    }

    private static void check(Map<String, Long> limits) throws CommandException {
        for (String unit : List.of("bps", "iops")) {
            boolean apart =
                    limits.getOrDefault(unit + "-read", 0L) != 0 || limits.getOrDefault(unit + "-write", 0L) != 0;
            if (apart && limits.getOrDefault(unit + "-total", 0L) != 0) {
                throw new CommandException(
                        "bps/iops/max total values and read/write values cannot be used at the same time");
            }
        }
        for (Map.Entry<String, Long> limit : limits.entrySet()) {
            if (limit.getValue() < 0 || limit.getValue() > LARGEST) {
                throw new CommandException("bps/iops/max values must be within [0, " + LARGEST + "]");
            }
        }
        for (String rate : RATES) {
            if (limits.getOrDefault(rate + "-max", 0L) != 0 && limits.getOrDefault(rate, 0L) == 0) {
                throw new CommandException("bps_max/iops_max require corresponding bps/iops values");
            }
        }
    }

    @Override
    public @Nullable ThrottleGroup find(String id) {
        return groups.get(id);
    }
}
