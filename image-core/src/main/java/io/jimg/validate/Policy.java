package io.jimg.validate;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OptionType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is made of each rule, and its limit. Immutable. Written as lines of text:
 *
 * <pre>
 * # what our upload service takes
 * extends = cloud
 * snapshots = error
 * virtual-size = error 500G
 * leak = off
 * </pre>
 *
 * <p>{@code #} begins a comment. {@code extends}, which must come first, names one of {@link #BUILT_IN} to start from;
 * without it every rule is an error, and its limit is that of {@code strict}. A rule stands in a file at most once.
 */
public final class Policy {
    /** Names of the policies that come with the library, the harshest first. */
    public static final List<String> BUILT_IN = List.of("strict", "cloud", "trusted");

    /** The value of {@link #limit} where there is none. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    /** A policy is something that people wrote. */
    private static final int LONGEST = 1 << 20;

    private static final String EXTENDS = "extends";

    private final String name;
    private final Map<Rule, Setting> settings;

    private record Setting(Severity severity, long limit) {}

    private Policy(String name, Map<Rule, Setting> settings) {
        this.name = name;
        this.settings = Collections.unmodifiableMap(settings);
    }

    /** For images from strangers that will be opened by more than one program: nothing unusual is let through. */
    public static Policy strict() {
        return builtIn("strict");
    }

    /** For a service that takes self-contained images and states their format: what would harm it is rejected. */
    public static Policy cloud() {
        return builtIn("cloud");
    }

    /** For images of one's own: damage alone counts. */
    public static Policy trusted() {
        return builtIn("trusted");
    }

    /**
     * The policy of a name of {@link #BUILT_IN}, or in a file.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} where the file is no policy
     * @throws IOException where it cannot be read
     */
    public static Policy of(String nameOrFile) throws IOException {
        return BUILT_IN.contains(nameOrFile) ? builtIn(nameOrFile) : read(Path.of(nameOrFile));
    }

    /**
     * The policy in a file.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} where it is no policy
     * @throws IOException where it cannot be read
     */
    public static Policy read(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LONGEST + 1);
        }
        if (bytes.length > LONGEST) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "The policy " + Inspection.quoted(file.toString()) + " is longer than " + LONGEST + " bytes");
        }
        return parse(file.toString(), new String(bytes, StandardCharsets.UTF_8));
    }

    /**
     * The policy that a text says.
     *
     * @param name what it is called in reports and complaints
     * @throws ImageException {@link ErrorKind#BAD_OPTION} with the line that is wrong
     */
    public static Policy parse(String name, String text) throws ImageException {
        return new PolicyReader(name, false).read(text);
    }

    private static Policy builtIn(String name) {
        try {
            return new PolicyReader(name, true).read(resource(name));
        } catch (ImageException wrong) {
            throw new IllegalStateException(wrong);
        }
    }

    /** The text of a policy of {@link #BUILT_IN}, to begin one's own with. */
    static String resource(String name) {
        try (InputStream in = Policy.class.getResourceAsStream(name + ".policy")) {
            if (in == null) {
                throw new IllegalArgumentException("no policy " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** The name, or the file's. */
    public String name() {
        return name;
    }

    /** What is made of a rule. */
    public Severity severity(Rule rule) {
        return setting(rule).severity();
    }

    /** The largest value that is allowed, in the rule's unit; {@link #UNLIMITED} where there is no limit. */
    public long limit(Rule rule) {
        return setting(rule).severity() == Severity.OFF
                ? UNLIMITED
                : setting(rule).limit();
    }

    private Setting setting(Rule rule) {
        Setting setting = settings.get(rule);
        if (setting == null) {
            throw new IllegalStateException(rule.id());
        }
        return setting;
    }

    /** The same policy with one rule changed; its limit stays. */
    public Policy with(Rule rule, Severity severity) {
        Map<Rule, Setting> changed = new EnumMap<>(settings);
        changed.put(rule, new Setting(severity, setting(rule).limit()));
        return new Policy(name, changed);
    }

    /** The same policy with another limit for a rule. */
    public Policy withLimit(Rule rule, long limit) {
        if (rule.unit() == Rule.Unit.NONE || limit < 0) {
            throw new IllegalArgumentException(rule.id() + " " + limit);
        }
        Map<Rule, Setting> changed = new EnumMap<>(settings);
        changed.put(rule, new Setting(setting(rule).severity(), limit));
        return new Policy(name, changed);
    }

    /** Reads one text. */
    private static final class PolicyReader {
        private final String name;
        private final boolean own;
        private final Map<Rule, Setting> settings = new EnumMap<>(Rule.class);
        private @Nullable Policy base;
        private int line;

        /** A reader; {@code own} where the text is one of the library's, which leaves no rule out. */
        PolicyReader(String name, boolean own) {
            this.name = name;
            this.own = own;
        }

        Policy read(String text) throws ImageException {
            // Some editors begin a text with a byte order mark.
            for (String each : text.substring(text.startsWith("\ufeff") ? 1 : 0).split("\r?\n", -1)) {
                line++;
                int comment = each.indexOf('#');
                String words = (comment < 0 ? each : each.substring(0, comment)).strip();
                if (!words.isEmpty()) {
                    take(words);
                }
            }
            for (Rule rule : Rule.values()) {
                settings.computeIfAbsent(rule, this::inherited);
            }
            return new Policy(name, settings);
        }

        private Setting inherited(Rule rule) {
            if (base != null) {
                return base.setting(rule);
            }
            if (own) {
                throw new IllegalStateException(rule.id() + " is missing in " + name);
            }
            return new Setting(Severity.ERROR, strict().setting(rule).limit());
        }

        private void take(String words) throws ImageException {
            int equals = words.indexOf('=');
            if (equals < 0) {
                throw wrong("expected 'rule = severity', found " + Inspection.quoted(words));
            }
            String key = words.substring(0, equals).strip();
            String value = words.substring(equals + 1).strip();
            if (key.equals(EXTENDS)) {
                takeBase(value);
                return;
            }
            Rule rule = Rule.find(key);
            if (rule == null) {
                throw wrong("unknown rule " + Inspection.quoted(key));
            }
            if (settings.containsKey(rule)) {
                throw wrong("the rule '" + key + "' stands there twice");
            }
            settings.put(rule, setting(rule, value));
        }

        private void takeBase(String value) throws ImageException {
            if (base != null || !settings.isEmpty()) {
                throw wrong("'extends' must come once, before any rule");
            }
            if (!BUILT_IN.contains(value)) {
                throw wrong("unknown policy " + Inspection.quoted(value) + ", expected one of " + BUILT_IN);
            }
            base = builtIn(value);
        }

        private Setting setting(Rule rule, String value) throws ImageException {
            String[] words = value.split("\\s+");
            Severity severity = Severity.find(words[0]);
            if (severity == null) {
                throw wrong(
                        "unknown severity " + Inspection.quoted(words[0]) + ", expected off, note, warning or error");
            }
            if (words.length > 2 || (words.length == 2 && rule.unit() == Rule.Unit.NONE)) {
                throw wrong("unexpected "
                        + Inspection.quoted(value.substring(words[0].length()).strip()) + " behind the severity of '"
                        + rule.id() + "'");
            }
            return new Setting(severity, words.length == 2 ? limit(rule, words[1]) : limitOfOthers(rule));
        }

        private long limitOfOthers(Rule rule) {
            if (rule.unit() == Rule.Unit.NONE) {
                return UNLIMITED;
            }
            if (own && base == null) {
                throw new IllegalStateException(rule.id() + " has no limit in " + name);
            }
            return (base == null ? strict() : base).setting(rule).limit();
        }

        private long limit(Rule rule, String word) throws ImageException {
            if (word.equals("unlimited")) {
                return UNLIMITED;
            }
            long value = OptionType.parseSize(word);
            boolean plain = word.chars().allMatch(c -> c >= '0' && c <= '9');
            if (value < 0 || (rule.unit() != Rule.Unit.BYTES && !plain)) {
                throw wrong("the limit of '" + rule.id() + "' is " + Inspection.quoted(word) + ", expected "
                        + (rule.unit() == Rule.Unit.BYTES ? "a size" : "a number") + " or 'unlimited'");
            }
            return value;
        }

        private ImageException wrong(String sentence) {
            return new ImageException(
                    ErrorKind.BAD_OPTION, "Policy " + Inspection.quoted(name) + ", line " + line + ": " + sentence);
        }
    }
}
