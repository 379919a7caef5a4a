package io.jimg.nbd.wire;

/** Numbers of the handshake phase, under the names of the specification ("Values", "Handshake phase"). */
public final class Handshake {
    /** {@code NBDMAGIC}, with which every server begins. */
    public static final long INIT_MAGIC = 0x4e42444d41474943L;

    /** {@code IHAVEOPT}: newstyle negotiation follows; begins every option, too. */
    public static final long OPTION_MAGIC = 0x49484156454f5054L;

    /** Oldstyle negotiation follows. */
    public static final long OLDSTYLE_MAGIC = 0x00420281861253L;

    /** Begins every reply to an option. */
    public static final long REPLY_MAGIC = 0x3e889045565a9L;

    /** Flag of both sides: fixed newstyle. */
    public static final int FIXED_NEWSTYLE = 1;

    /** Flag of both sides: no padding after {@link #OPT_EXPORT_NAME}. */
    public static final int NO_ZEROES = 1 << 1;

    /** Length of that padding in bytes. */
    public static final int PADDING = 124;

    /** The longest string in bytes that the protocol allows ("Conventions"). */
    public static final int LONGEST_STRING = 4096;

    /** The length up to which a payload is no denial of service ("Size constraints"). */
    public static final int LARGEST_PAYLOAD = 32 << 20;

    /** Option: begin transmission; knows no error. */
    public static final int OPT_EXPORT_NAME = 1;

    /** Option: end the session. */
    public static final int OPT_ABORT = 2;

    /** Option: name the exports. */
    public static final int OPT_LIST = 3;

    /** Option: go on in TLS. */
    public static final int OPT_STARTTLS = 5;

    /** Option: tell of an export. */
    public static final int OPT_INFO = 6;

    /** Option: tell of an export and begin transmission. */
    public static final int OPT_GO = 7;

    /** Option: structured replies from now on. */
    public static final int OPT_STRUCTURED_REPLY = 8;

    /** Option: name the contexts of metadata. */
    public static final int OPT_LIST_META_CONTEXT = 9;

    /** Option: choose contexts of metadata. */
    public static final int OPT_SET_META_CONTEXT = 10;

    /** Option: headers with lengths of 64 bits from now on. */
    public static final int OPT_EXTENDED_HEADERS = 11;

    /** Reply: done. */
    public static final int REP_ACK = 1;

    /** Reply: the name of an export. */
    public static final int REP_SERVER = 2;

    /** Reply: something about an export. */
    public static final int REP_INFO = 3;

    /** Reply: a context of metadata. */
    public static final int REP_META_CONTEXT = 4;

    /** Set in all replies that are errors. */
    public static final int REP_ERROR = 1 << 31;

    /** Reply: no such option. */
    public static final int REP_ERR_UNSUP = REP_ERROR | 1;

    /** Reply: not allowed. */
    public static final int REP_ERR_POLICY = REP_ERROR | 2;

    /** Reply: malformed. */
    public static final int REP_ERR_INVALID = REP_ERROR | 3;

    /** Reply: not on this platform. */
    public static final int REP_ERR_PLATFORM = REP_ERROR | 4;

    /** Reply: TLS first. */
    public static final int REP_ERR_TLS_REQD = REP_ERROR | 5;

    /** Reply: no such export. */
    public static final int REP_ERR_UNKNOWN = REP_ERROR | 6;

    /** Reply: the server is being shut down. */
    public static final int REP_ERR_SHUTDOWN = REP_ERROR | 7;

    /** Reply: the client must obey block sizes. */
    public static final int REP_ERR_BLOCK_SIZE_REQD = REP_ERROR | 8;

    /** Reply: too much asked. */
    public static final int REP_ERR_TOO_BIG = REP_ERROR | 9;

    /** Reply: only with extended headers. */
    public static final int REP_ERR_EXT_HEADER_REQD = REP_ERROR | 10;

    /** Information: size and flags. */
    public static final int INFO_EXPORT = 0;

    /** Information: the canonical name. */
    public static final int INFO_NAME = 1;

    /** Information: a description. */
    public static final int INFO_DESCRIPTION = 2;

    /** Information: block sizes. */
    public static final int INFO_BLOCK_SIZE = 3;

    private Handshake() {}
}
