package io.jimg.graph;

import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.spi.Doc;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.FilterProtocol;
import io.jimg.spi.GroupProtocol;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.JsonWriter;
import io.jimg.spi.Schema;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Storage;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the nodes of one tree are called: by the file name that would open them again, or, where no file name says it
 * all, by {@code json:{…}}. For one opener.
 */
final class NodeNames {
    private final Map<Object, Name> known = new IdentityHashMap<>();
    private boolean typed;

    /**
     * One node's.
     *
     * @param shown the name that the user sees
     * @param plain whether it is a file name
     * @param tree the node and all beneath it as options
     * @param place the name of the file that names in the image are relative to
     */
    record Name(String shown, boolean plain, Doc tree, String place) {}

    /** From here on values have their JSON types: they came out of a {@code json:} name. */
    void typed() {
        typed = true;
    }

    /** A storage's. */
    Name of(Storage storage) {
        Name name = known.get(storage instanceof BlockDeviceStorage nested ? nested.device() : storage);
        return name != null
                ? name
                : new Name(
                        storage.name(),
                        true,
                        Doc.create().put("driver", storage.protocol()).put("filename", storage.name()),
                        storage.name());
    }

    /** Keeps the name of an image or of a storage for what will stand on it. */
    void keep(Object node, Name name) {
        known.put(node, name);
    }

    /** The name of an image of a format, on a file and with options. */
    Name ofImage(ImageFormat format, DottedOptions text, Storage file) {
        Name below = of(file);
        Doc tree = Doc.create().put("driver", format.name());
        boolean plain = below.plain();
        for (Map.Entry<String, String> entry : text.entries().entrySet()) {
            if (format.decidesContent(entry.getKey())) {
                tree.put(entry.getKey(), value(format.openSchema(), entry));
                plain = false;
            }
        }
        tree.put("file", below.tree());
        return new Name(plain ? below.shown() : json(tree), plain, tree, below.place());
    }

    /**
     * The name of a storage over another one.
     *
     * @param own the filter's options
     * @param plainName the file name that it has if that says everything
     */
    Name ofFilter(FilterProtocol filter, DottedOptions own, Storage inner, String plainName) {
        Name below = of(inner);
        Doc tree = Doc.create().put("driver", filter.name());
        boolean plain = below.plain();
        for (Map.Entry<String, String> entry : own.entries().entrySet()) {
            tree.put(entry.getKey(), value(filter.schema(), entry));
            plain &= filter.inName(entry.getKey());
        }
        tree.put(filter.child(), below.tree());
        return new Name(plain ? plainName : json(tree), plain, tree, below.place());
    }

    /** The name of a storage over several others: there is no folder that would be all of theirs. */
    Name ofGroup(GroupProtocol group, DottedOptions own, List<Storage> members) {
        Doc tree = Doc.create().put("driver", group.name());
        for (Map.Entry<String, String> entry : own.entries().entrySet()) {
            if (group.schema().find(entry.getKey()) != null) {
                tree.put(entry.getKey(), value(group.schema(), entry));
            }
        }
        tree.put(group.list(), Doc.list(members, member -> of(member).tree()));
        return new Name(json(tree), false, tree, json(tree));
    }

    private static String json(Doc tree) {
        return FileNames.JSON_PREFIX + JsonWriter.oneLine(tree);
    }

    private Object value(Schema schema, Map.Entry<String, String> entry) {
        String text = entry.getValue();
        @Nullable Option<?> option = schema.find(entry.getKey());
        if (typed && option != null && option.type() == OptionType.BOOL) {
            return text.equals("on");
        }
        boolean number = typed && !text.isEmpty() && text.length() < 19;
        for (int i = 0; number && i < text.length(); i++) {
            number = text.charAt(i) >= '0' && text.charAt(i) <= '9';
        }
        return number ? (Object) Long.valueOf(text) : text;
    }
}
