package io.jimg.graph;

import io.jimg.CacheMode;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.FilterProtocol;
import io.jimg.spi.GroupProtocol;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A node's options as text: what is its own, what every node understands, and what belongs to its children. */
final class NodeOptions {
    static final Option<Boolean> READ_ONLY = Option.of("read-only", OptionType.BOOL, "");
    static final Option<Boolean> FORCE_SHARE = Option.of("force-share", OptionType.BOOL, "");
    static final Option<Boolean> CACHE_DIRECT = Option.of("cache.direct", OptionType.BOOL, "");
    static final Option<Boolean> CACHE_NO_FLUSH = Option.of("cache.no-flush", OptionType.BOOL, "");

    /** What every node understands. Those without meaning for us are read, so that a name written for QEMU opens. */
    private static final Schema COMMON = Schema.of(
            READ_ONLY,
            FORCE_SHARE,
            CACHE_DIRECT,
            CACHE_NO_FLUSH,
            Option.of("driver", OptionType.STRING, ""),
            Option.of("node-name", OptionType.STRING, ""),
            Option.of("auto-read-only", OptionType.BOOL, ""),
            Option.of("discard", OptionType.STRING, ""),
            Option.of("detect-zeroes", OptionType.STRING, ""));

    private NodeOptions() {}

    /** What the caller gave wins over what the name says. */
    static DottedOptions withJson(DottedOptions given, @Nullable String format, String name) throws ImageException {
        DottedOptions options = format == null || given.get("driver") != null ? given : given.with("driver", format);
        for (Map.Entry<String, String> entry : JsonNames.parse(name).entries().entrySet()) {
            if (options.get(entry.getKey()) == null) {
                options = options.with(entry.getKey(), entry.getValue());
            }
        }
        return options;
    }

    /** Options of a protocol with those that its name stands for. */
    static DottedOptions withName(DottedOptions given, ProtocolDriver protocol, String name) throws IOException {
        DottedOptions options = given;
        for (Map.Entry<String, String> entry :
                protocol.parseName(name).entries().entrySet()) {
            options = options.with(entry.getKey(), entry.getValue());
        }
        return options;
    }

    /** Options of a protocol on top, as those of the file below a format that shows its bytes as they are. */
    static DottedOptions asFileOf(String format, DottedOptions given) {
        DottedOptions options = DottedOptions.EMPTY.with("driver", format);
        for (Map.Entry<String, String> entry : given.entries().entrySet()) {
            options = options.with("file." + entry.getKey(), entry.getValue());
        }
        return options;
    }

    static Options commonOptions(DottedOptions options) throws ImageException {
        DottedOptions common = DottedOptions.EMPTY;
        for (Map.Entry<String, String> entry : options.entries().entrySet()) {
            if (COMMON.find(entry.getKey()) != null) {
                common = common.with(entry.getKey(), entry.getValue());
            }
        }
        return COMMON.parse(common);
    }

    static DottedOptions ownOptions(ImageFormat format, DottedOptions text) {
        DottedOptions own = text.withoutChild("file");
        for (String child : format.children()) {
            own = own.withoutChild(child);
        }
        return own;
    }

    /** What makes the filter another one: neither what lies beneath nor what every node understands. */
    static DottedOptions ownOptions(FilterProtocol filter, DottedOptions text) {
        DottedOptions own = text.withoutChild(filter.child()).without(FilterProtocol.NAME_PREFIX + filter.child());
        for (Option<?> common : COMMON.options()) {
            own = own.without(common.name());
        }
        return own;
    }

    static DottedOptions lists(FilterProtocol filter, DottedOptions text) {
        DottedOptions lists = DottedOptions.EMPTY;
        for (String list : filter.lists()) {
            for (Map.Entry<String, String> entry : text.child(list).entries().entrySet()) {
                lists = lists.with(list + '.' + entry.getKey(), entry.getValue());
            }
        }
        return lists;
    }

    static Options parse(ProtocolDriver protocol, DottedOptions text) throws ImageException {
        DottedOptions own = text;
        if (protocol instanceof FilterProtocol filter) {
            own = own.withoutChild(filter.child());
            for (String list : filter.lists()) {
                own = own.withoutChild(list);
            }
        }
        if (protocol instanceof GroupProtocol group) {
            own = own.withoutChild(group.list());
        }
        Options options = protocol.schema().parse(known(own, protocol.schema()));
        // A name that is missing is told before an option that is too much.
        if (protocol.nameOf(options).isEmpty()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "The '" + protocol.name() + "' block driver requires a file name");
        }
        refuseUnknown(own, protocol.schema(), "Block protocol '" + protocol.name() + "' doesn't support the option '");
        return options;
    }

    static DottedOptions known(DottedOptions own, Schema schema) {
        DottedOptions known = DottedOptions.EMPTY;
        for (Map.Entry<String, String> entry : own.entries().entrySet()) {
            if (schema.find(entry.getKey()) != null) {
                known = known.with(entry.getKey(), entry.getValue());
            }
        }
        return known;
    }

    static void refuseUnknown(DottedOptions own, Schema schema, String refusal) throws ImageException {
        for (String key : own.entries().keySet()) {
            if (schema.find(key) == null && COMMON.find(key) == null) {
                throw new ImageException(ErrorKind.BAD_OPTION, refusal + key + "'");
            }
        }
    }

    /** Where a backing file is not looked at, nobody takes its options; that there is none may be said. */
    static void refuseBacking(DottedOptions given, String refusal) throws ImageException {
        for (Map.Entry<String, String> entry : given.entries().entrySet()) {
            boolean reference =
                    entry.getKey().equals("backing") && !entry.getValue().isEmpty();
            if (reference || entry.getKey().startsWith("backing.")) {
                throw new ImageException(ErrorKind.BAD_OPTION, refusal + entry.getKey() + "'");
            }
        }
    }

    static ProtocolDriver.Mode mode(OpenOptions caller, Options common, boolean writable) throws ImageException {
        boolean toWrite = writable && !Boolean.TRUE.equals(common.get(READ_ONLY));
        boolean share = caller.forceShare() || Boolean.TRUE.equals(common.get(FORCE_SHARE));
        if (share && toWrite) {
            throw new ImageException(ErrorKind.BAD_OPTION, "force-share=on can only be used with read-only images");
        }
        return new ProtocolDriver.Mode(
                toWrite, cacheMode(caller.cache(), common), !share, caller.inspectOnly(), caller.tlsCredentials());
    }

    private static CacheMode cacheMode(CacheMode asked, Options common) {
        boolean direct = common.has(CACHE_DIRECT) ? Boolean.TRUE.equals(common.get(CACHE_DIRECT)) : asked.direct();
        boolean noFlush =
                common.has(CACHE_NO_FLUSH) ? Boolean.TRUE.equals(common.get(CACHE_NO_FLUSH)) : asked.noFlush();
        boolean writeThrough = asked.writeThrough();
        if (noFlush) {
            return CacheMode.UNSAFE;
        }
        if (direct) {
            return writeThrough ? CacheMode.DIRECTSYNC : CacheMode.NONE;
        }
        return writeThrough ? CacheMode.WRITETHROUGH : CacheMode.WRITEBACK;
    }

    static String missingFile(DottedOptions options) {
        String reference = options.get("file");
        if (reference != null) {
            return "Cannot find device='" + reference + "' nor node-name='" + reference + "'";
        }
        return options.get("driver") == null
                ? "Must specify either driver or file"
                : "A block device must be specified for \"file\"";
    }
}
