package io.jimg.debug;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.host.Errno;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.Schema;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads rules: from options ({@code inject-error.0.event=...}), and from a file of sections with a line for each
 * attribute.
 */
final class RuleTable {
    static final String ERRORS = "inject-error";
    static final String STATES = "set-state";

    private static final Option<String> EVENT = Option.of("event", OptionType.STRING, "");
    private static final Option<Long> STATE = Option.of("state", OptionType.NUMBER, 0L, "");
    private static final Option<Long> NEW_STATE = Option.of("new_state", OptionType.NUMBER, 0L, "");
    private static final Option<String> KIND = Option.of("iotype", OptionType.STRING, "");
    private static final Option<Long> ERRNO = Option.of("errno", OptionType.NUMBER, (long) Errno.EIO, "");
    private static final Option<Long> SECTOR = Option.of("sector", OptionType.NUMBER, "");
    private static final Option<Boolean> ONCE = Option.of("once", OptionType.BOOL, false, "");
    private static final Option<Boolean> IMMEDIATELY = Option.of("immediately", OptionType.BOOL, false, "");

    private static final Schema ERROR = Schema.of(EVENT, STATE, KIND, ERRNO, SECTOR, ONCE, IMMEDIATELY);
    private static final Schema STATE_CHANGE = Schema.of(EVENT, STATE, NEW_STATE);

    /** The most that is read of a file; rules are few. */
    private static final long LARGEST_FILE = 1 << 20;

    private final List<ErrorRule> errors = new ArrayList<>();
    private final List<StateRule> states = new ArrayList<>();

    List<ErrorRule> errors() {
        return errors;
    }

    List<StateRule> states() {
        return states;
    }

    /** Adds the rules of a file. */
    void read(Path file) throws IOException {
        List<String> lines;
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw new ImageException(ErrorKind.LIMIT, "Could not read blkdebug config file: File too large");
            }
            lines = Files.readAllLines(file);
        } catch (ImageException tooLarge) {
            throw tooLarge;
        } catch (IOException failure) {
            throw new ImageException(
                    ErrorKind.NOT_FOUND, "Could not read blkdebug config file: " + Errno.text(Errno.ENOENT), failure);
        }
        String section = null;
        Map<String, String> attributes = new LinkedHashMap<>();
        for (String line : lines) {
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            if (text.startsWith("[")) {
                add(section, attributes);
                section = section(text);
                attributes.clear();
            } else if (section == null) {
                throw refused("no group defined");
            } else {
                attribute(text, schema(section), attributes);
            }
        }
        add(section, attributes);
    }

    private static String section(String text) throws ImageException {
        String name = text.endsWith("]") ? text.substring(1, text.length() - 1) : text.substring(1);
        if (!name.equals(ERRORS) && !name.equals(STATES)) {
            throw refused("There is no option group '" + name + "'");
        }
        return name;
    }

    private static void attribute(String text, Schema schema, Map<String, String> attributes) throws ImageException {
        int equals = text.indexOf('=');
        String name = equals < 0 ? text : text.substring(0, equals).strip();
        String value = equals < 0 ? "" : text.substring(equals + 1).strip();
        if (value.length() < 2 || !value.startsWith("\"") || !value.endsWith("\"")) {
            throw refused("parse error");
        }
        if (schema.find(name) == null) {
            throw refused("Invalid parameter '" + name + "'");
        }
        attributes.put(name, value.substring(1, value.length() - 1));
    }

    /** Adds the rules of options, in the order of their numbers. */
    void read(DottedOptions options) throws ImageException {
        for (String list : List.of(ERRORS, STATES)) {
            DottedOptions rules = options.child(list);
            for (int i = 0; !rules.child(Integer.toString(i)).isEmpty(); i++) {
                DottedOptions rule = rules.child(Integer.toString(i));
                for (String name : rule.entries().keySet()) {
                    if (schema(list).find(name) == null) {
                        throw refused("[" + list + "] section doesn't support the option '" + name + "'");
                    }
                }
                add(list, rule.entries());
            }
        }
    }

    private static Schema schema(String list) {
        return list.equals(ERRORS) ? ERROR : STATE_CHANGE;
    }

    private void add(@Nullable String list, Map<String, String> attributes) throws ImageException {
        if (list == null) {
            return;
        }
        Options options = schema(list).parse(DottedOptions.of(attributes));
        String name = options.get(EVENT);
        if (name == null) {
            throw refused("Missing event name for rule");
        }
        StorageEvent event = StorageEvent.find(name);
        if (event == null) {
            throw refused("invalid parameter value: " + name);
        }
        if (list.equals(STATES)) {
            states.add(new StateRule(event, options.require(STATE), options.require(NEW_STATE)));
            return;
        }
        Long sector = options.get(SECTOR);
        errors.add(new ErrorRule(
                event,
                options.require(STATE),
                kinds(options.get(KIND)),
                (int) Math.min(Integer.MAX_VALUE, options.require(ERRNO)),
                sector == null ? ErrorRule.ANY_SECTOR : sector,
                options.require(ONCE)));
    }

    private static Set<RequestKind> kinds(@Nullable String name) throws ImageException {
        if (name == null) {
            return RequestKind.USUAL;
        }
        RequestKind kind = RequestKind.find(name);
        if (kind == null) {
            throw refused("invalid parameter value: " + name);
        }
        return Set.of(kind);
    }

    private static ImageException refused(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
