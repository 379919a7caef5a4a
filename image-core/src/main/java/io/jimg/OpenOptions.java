package io.jimg;

import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import org.jspecify.annotations.Nullable;

/**
 * How an image is opened. Immutable. The default is the careful one: read-only, format found by content, no other file
 * opened because the image says so.
 *
 * @param format name of the format's driver; null to find it by content
 * @param writable whether writes are wanted; otherwise nothing in any file changes
 * @param writableLayer how many layers beneath the image lies one that is opened for writing, too, as a commit wants
 *     it; 0 for none
 * @param cache the host's cache and flushes
 * @param gate who decides on files that the image refers to
 * @param backing whether the backing chain is opened; without it, what a backing file holds reads as zero
 * @param forceShare whether locks of other processes are ignored, as {@code -U}; only for read-only opens
 * @param denyWriters whether others must not write meanwhile even where the format would bear it, as a raw image does:
 *     for copying
 * @param inspectOnly whether only metadata will be asked: data files are not opened, reads of guest data may fail
 * @param toCheck whether the image will be checked, or, if it is writable, repaired: damage that the check reports
 *     itself does not keep it from being opened, and a guest's data cannot be written
 * @param secrets who gives passphrases
 * @param notices who is told what is found and put right on the way
 * @param throttleGroups who gives the groups of throttled images
 * @param tlsCredentials who gives the TLS credentials that protocols ask for
 * @param limits what an image may cost; see {@link #untrusted()}
 * @param driverOptions further options of the format, its file ({@code file.…}) and its backing file
 *     ({@code backing.…}) as text
 */
public record OpenOptions(
        @Nullable String format,
        boolean writable,
        int writableLayer,
        CacheMode cache,
        OpenGate gate,
        boolean backing,
        boolean forceShare,
        boolean denyWriters,
        boolean inspectOnly,
        boolean toCheck,
        Secrets secrets,
        Notices notices,
        ThrottleGroups throttleGroups,
        TlsCredentials tlsCredentials,
        OpenLimits limits,
        DottedOptions driverOptions) {

    /** Read-only, by content, alone. */
    public static final OpenOptions DEFAULT = new OpenOptions(
            null,
            false,
            0,
            CacheMode.WRITEBACK,
            OpenGate.DENY,
            true,
            false,
            false,
            false,
            false,
            Secrets.NONE,
            Notices.NONE,
            ThrottleGroups.NONE,
            TlsCredentials.NONE,
            OpenLimits.NONE,
            DottedOptions.EMPTY);

    /**
     * For images from strangers, the whole hardening in one word: {@link #DEFAULT}, which is read-only and opens
     * nothing that an image names ({@link OpenGate#DENY}), with {@link OpenLimits#UNTRUSTED}, so that
     *
     * <ul>
     *   <li>the format must be stated by {@link #withFormat}: opening without one is refused with
     *       {@link ErrorKind#BAD_OPTION}, nothing is probed;
     *   <li>a guest of more than 16 TiB is refused, so that reading, mapping, comparing or hashing a whole disk, which
     *       are linear in its size, have an end; {@link Job#cancel} from another thread or a timer is the time budget;
     *   <li>more than 16 MiB of tables that stay in memory are refused. What else an open image keeps are caches: of a
     *       qcow2 at most 32 MiB of L2 tables, but no more than the disk has, and four refcount blocks;
     *   <li>compressed clusters and grains of more than 2 MiB are refused, and none becomes more than its size: memory
     *       for decompression is one such buffer a reading thread, and a few that a cache keeps;
     *   <li>key slots of LUKS that would take more than 48,000,000 iterations of PBKDF2 together are refused;
     *   <li>where a gate is set by {@link #withGate} all the same, a chain has at most 16 images, each of which is held
     *       to these limits, its format stated by the image above it.
     * </ul>
     *
     * <pre>{@code
     * OpenOptions careful = OpenOptions.untrusted().withFormat("qcow2");
     * try (DiskImage image = Images.standard().open(upload, careful)) { ... }
     * }</pre>
     */
    public static OpenOptions untrusted() {
        return DEFAULT.withLimits(OpenLimits.UNTRUSTED);
    }

    /** With the format stated, or, by null, found by content. */
    public OpenOptions withFormat(@Nullable String value) {
        Draft draft = new Draft(this);
        draft.format = value;
        return draft.finish();
    }

    /** To read and write, or only to read. */
    public OpenOptions withWritable(boolean value) {
        Draft draft = new Draft(this);
        draft.writable = value;
        return draft.finish();
    }

    /** With one layer of the chain beneath opened for writing, too: 1 for the backing file; 0 for none. */
    public OpenOptions withWritableLayer(int value) {
        Draft draft = new Draft(this);
        draft.writableLayer = value;
        return draft.finish();
    }

    /** With another cache mode. */
    public OpenOptions withCache(CacheMode value) {
        Draft draft = new Draft(this);
        draft.cache = value;
        return draft.finish();
    }

    /** With another gate. */
    public OpenOptions withGate(OpenGate value) {
        Draft draft = new Draft(this);
        draft.gate = value;
        return draft.finish();
    }

    /** With or without the backing chain. */
    public OpenOptions withBacking(boolean value) {
        Draft draft = new Draft(this);
        draft.backing = value;
        return draft.finish();
    }

    /** With locks of others ignored or obeyed. */
    public OpenOptions withForceShare(boolean value) {
        Draft draft = new Draft(this);
        draft.forceShare = value;
        return draft.finish();
    }

    /** With others kept from writing meanwhile, or not. */
    public OpenOptions withDenyWriters(boolean value) {
        Draft draft = new Draft(this);
        draft.denyWriters = value;
        return draft.finish();
    }

    /** For metadata only, or for data too. */
    public OpenOptions withInspectOnly(boolean value) {
        Draft draft = new Draft(this);
        draft.inspectOnly = value;
        return draft.finish();
    }

    /** For a check, or for any other use. */
    public OpenOptions withToCheck(boolean value) {
        Draft draft = new Draft(this);
        draft.toCheck = value;
        return draft.finish();
    }

    /** With another source of passphrases. */
    public OpenOptions withSecrets(Secrets value) {
        Draft draft = new Draft(this);
        draft.secrets = value;
        return draft.finish();
    }

    /** With somebody else to be told. */
    public OpenOptions withNotices(Notices value) {
        Draft draft = new Draft(this);
        draft.notices = value;
        return draft.finish();
    }

    /** With another source of throttle groups. */
    public OpenOptions withThrottleGroups(ThrottleGroups value) {
        Draft draft = new Draft(this);
        draft.throttleGroups = value;
        return draft.finish();
    }

    /** With another source of TLS credentials. */
    public OpenOptions withTlsCredentials(TlsCredentials value) {
        Draft draft = new Draft(this);
        draft.tlsCredentials = value;
        return draft.finish();
    }

    /** With other limits of what an image may cost. */
    public OpenOptions withLimits(OpenLimits value) {
        Draft draft = new Draft(this);
        draft.limits = value;
        return draft.finish();
    }

    /** With other options for the drivers. */
    public OpenOptions withDriverOptions(DottedOptions value) {
        Draft draft = new Draft(this);
        draft.driverOptions = value;
        return draft.finish();
    }

    /** Options with some of their parts being replaced. */
    private static final class Draft {
        @Nullable
        String format;

        boolean writable;
        int writableLayer;
        CacheMode cache;
        OpenGate gate;
        boolean backing;
        boolean forceShare;
        boolean denyWriters;
        boolean inspectOnly;
        boolean toCheck;
        Secrets secrets;
        Notices notices;
        ThrottleGroups throttleGroups;
        TlsCredentials tlsCredentials;
        OpenLimits limits;
        DottedOptions driverOptions;

        Draft(OpenOptions options) {
            format = options.format;
            writable = options.writable;
            writableLayer = options.writableLayer;
            cache = options.cache;
            gate = options.gate;
            backing = options.backing;
            forceShare = options.forceShare;
            denyWriters = options.denyWriters;
            inspectOnly = options.inspectOnly;
            toCheck = options.toCheck;
            secrets = options.secrets;
            notices = options.notices;
            throttleGroups = options.throttleGroups;
            tlsCredentials = options.tlsCredentials;
            limits = options.limits;
            driverOptions = options.driverOptions;
        }

        OpenOptions finish() {
            return new OpenOptions(
                    format,
                    writable,
                    writableLayer,
                    cache,
                    gate,
                    backing,
                    forceShare,
                    denyWriters,
                    inspectOnly,
                    toCheck,
                    secrets,
                    notices,
                    throttleGroups,
                    tlsCredentials,
                    limits,
                    driverOptions);
        }
    }
}
