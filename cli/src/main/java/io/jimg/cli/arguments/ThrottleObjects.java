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
 */
final class ThrottleObjects implements ThrottleGroups {
    private static final long LARGEST = 1_000_000_000_000_000L;
    private static final long LONGEST = 0xffff_ffffL;

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
                        rate(limits, "bps-total"),
                        rate(limits, "bps-read"),
                        rate(limits, "bps-write"),
                        rate(limits, "iops-total"),
                        rate(limits, "iops-read"),
                        rate(limits, "iops-write"),
                        limits.getOrDefault("iops-size", 0L))));
    }

    private static ThrottleGroup.Rate rate(Map<String, Long> limits, String name) {
        return new ThrottleGroup.Rate(
                limits.getOrDefault(name, 0L),
                limits.getOrDefault(name + "-max", 0L),
                limits.getOrDefault(name + "-max-length", 1L));
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
        long number;
        try {
            number = Long.decode(value);
        } catch (NumberFormatException none) {
            throw new CommandException("Parameter '" + key + "' expects integer");
        }
        if (number < 0 && key.startsWith(SHORT)) {
            throw new CommandException("Property values cannot be negative");
        }
        if (key.endsWith("-length") && number > LONGEST) {
            throw new CommandException(key + " value must be in therange [0, " + LONGEST + "]");
        }
        return number;
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
            check(rate(limits, rate));
        }
    }

    private static void check(ThrottleGroup.Rate rate) throws CommandException {
        if (rate.burstSeconds() == 0) {
            throw new CommandException("the burst length cannot be 0");
        }
        if (rate.burstSeconds() > 1 && rate.burst() == 0) {
            throw new CommandException("burst length set without burst rate");
        }
        if (rate.burst() > 0 && rate.burstSeconds() > LARGEST / rate.burst()) {
            throw new CommandException("burst length too high for this burst rate");
        }
        if (rate.burst() > 0 && rate.lasting() == 0) {
            throw new CommandException("bps_max/iops_max require corresponding bps/iops values");
        }
        if (rate.burst() > 0 && rate.burst() < rate.lasting()) {
            throw new CommandException("bps_max/iops_max cannot be lower than bps/iops");
        }
    }

    @Override
    public @Nullable ThrottleGroup find(String id) {
        return groups.get(id);
    }
}
