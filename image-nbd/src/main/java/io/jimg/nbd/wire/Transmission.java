package io.jimg.nbd.wire;

/** Numbers of the transmission phase, under the names of the specification ("Values", "Transmission phase"). */
public final class Transmission {
    /** Begins a request. */
    public static final int REQUEST_MAGIC = 0x25609513;

    /** Begins a request with an extended header. */
    public static final int EXTENDED_REQUEST_MAGIC = 0x21e41c71;

    /** Begins a simple reply. */
    public static final int SIMPLE_REPLY_MAGIC = 0x67446698;

    /** Begins a structured reply's chunk. */
    public static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;

    /** Begins a structured reply's chunk with an extended header. */
    public static final int EXTENDED_REPLY_MAGIC = 0x6e8a278c;

    /** Bytes of a request's header. */
    public static final int REQUEST_HEADER = 28;

    /** Bytes of a simple reply's header. */
    public static final int SIMPLE_REPLY_HEADER = 16;

    /** Bytes of a structured reply chunk's header. */
    public static final int STRUCTURED_REPLY_HEADER = 20;

    /** Bytes of an extended header, of requests and of replies. */
    public static final int EXTENDED_HEADER = 32;

    /** Flag of an export: there are flags. */
    public static final int HAS_FLAGS = 1;

    /** Flag of an export: it cannot be written. */
    public static final int READ_ONLY = 1 << 1;

    /** Flag of an export: {@link #CMD_FLUSH} is known. */
    public static final int SEND_FLUSH = 1 << 2;

    /** Flag of an export: {@link #FLAG_FUA} is known. */
    public static final int SEND_FUA = 1 << 3;

    /** Flag of an export: {@link #CMD_TRIM} is known. */
    public static final int SEND_TRIM = 1 << 5;

    /** Flag of an export: {@link #CMD_WRITE_ZEROES} is known. */
    public static final int SEND_WRITE_ZEROES = 1 << 6;

    /** Flag of an export: {@link #FLAG_DF} is known. */
    public static final int SEND_DF = 1 << 7;

    /** Flag of an export: a flush covers all connections. */
    public static final int CAN_MULTI_CONN = 1 << 8;

    /** Flag of an export: {@link #CMD_CACHE} is known. */
    public static final int SEND_CACHE = 1 << 10;

    /** Flag of an export: {@link #FLAG_FAST_ZERO} is known. */
    public static final int SEND_FAST_ZERO = 1 << 11;

    /** Flag of an export: {@link #CMD_BLOCK_STATUS} may choose among contexts by a payload. */
    public static final int BLOCK_STATUS_PAYLOAD = 1 << 12;

    /** Command: read. */
    public static final int CMD_READ = 0;

    /** Command: write. */
    public static final int CMD_WRITE = 1;

    /** Command: end the session. */
    public static final int CMD_DISC = 2;

    /** Command: make durable. */
    public static final int CMD_FLUSH = 3;

    /** Command: give space back. */
    public static final int CMD_TRIM = 4;

    /** Command: read ahead. */
    public static final int CMD_CACHE = 5;

    /** Command: write zeroes. */
    public static final int CMD_WRITE_ZEROES = 6;

    /** Command: tell of ranges. */
    public static final int CMD_BLOCK_STATUS = 7;

    /** Flag of a command: durable before it is answered. */
    public static final int FLAG_FUA = 1;

    /** Flag of a command: zeroes keep their space. */
    public static final int FLAG_NO_HOLE = 1 << 1;

    /** Flag of a command: the answer in one piece. */
    public static final int FLAG_DF = 1 << 2;

    /** Flag of a command: one extent. */
    public static final int FLAG_REQ_ONE = 1 << 3;

    /** Flag of a command: zeroes only if that is faster than writing them. */
    public static final int FLAG_FAST_ZERO = 1 << 4;

    /** Flag of a command with an extended header: the length is that of a payload. */
    public static final int FLAG_PAYLOAD_LEN = 1 << 5;

    /** Flag of a chunk: the reply's last. */
    public static final int REPLY_DONE = 1;

    /** Chunk: nothing. */
    public static final int REPLY_NONE = 0;

    /** Chunk: data at an offset. */
    public static final int REPLY_OFFSET_DATA = 1;

    /** Chunk: zeroes at an offset. */
    public static final int REPLY_OFFSET_HOLE = 2;

    /** Chunk: extents with lengths of 32 bits. */
    public static final int REPLY_BLOCK_STATUS = 5;

    /** Chunk: extents with lengths of 64 bits. */
    public static final int REPLY_BLOCK_STATUS_EXT = 6;

    /** Set in all chunks that are errors. */
    public static final int REPLY_ERROR_BIT = 1 << 15;

    /** Chunk: an error. */
    public static final int REPLY_ERROR = REPLY_ERROR_BIT | 1;

    /** Chunk: an error at an offset. */
    public static final int REPLY_ERROR_OFFSET = REPLY_ERROR_BIT | 2;

    /** The context of metadata that tells what is allocated and what is zero. */
    public static final String BASE_ALLOCATION = "base:allocation";

    /** QEMU's context of metadata that tells which layer of a chain holds the data, 1 for the image itself. */
    public static final String ALLOCATION_DEPTH = "qemu:allocation-depth";

    /** What the names of QEMU's contexts of dirty bitmaps begin with. */
    public static final String DIRTY_BITMAP_PREFIX = "qemu:dirty-bitmap:";

    /** Status in {@link #BASE_ALLOCATION}: no space is taken. */
    public static final int STATE_HOLE = 1;

    /** Status in {@link #BASE_ALLOCATION}: reads as zero. */
    public static final int STATE_ZERO = 1 << 1;

    private Transmission() {}
}
