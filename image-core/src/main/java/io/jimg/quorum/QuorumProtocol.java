package io.jimg.quorum;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.GroupProtocol;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;

/** The driver {@code quorum}: reads what enough of its children agree upon, and writes to all of them. */
public final class QuorumProtocol implements GroupProtocol {
    private static final Option<Long> THRESHOLD = Option.of("vote-threshold", OptionType.NUMBER, 0L, "");
    private static final Schema SCHEMA = Schema.of(THRESHOLD);

    /** The driver. */
    public QuorumProtocol() {}

    @Override
    public String name() {
        return "quorum";
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    @Override
    public String list() {
        return "children";
    }

    @Override
    public Storage open(List<Storage> members, Options options, String name) throws IOException {
        if (members.isEmpty()) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Number of provided children must be 1 or more");
        }
        long threshold = options.require(THRESHOLD);
        if (threshold < 1) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Parameter 'vote-threshold' expects a value >= 1");
        }
        if (threshold > members.size()) {
            throw new ImageException(ErrorKind.BAD_OPTION, "threshold may not exceed children count");
        }
        long size = members.get(0).size();
        for (Storage member : members) {
            if (member.size() != size) {
                throw new ImageException(ErrorKind.IO, "Could not refresh total sector count: Input/output error");
            }
        }
        return new QuorumStorage(members, (int) threshold, name);
    }
}
