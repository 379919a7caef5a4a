package io.jimg.crypto;

import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Encrypts and decrypts runs of sectors of 512 bytes, each with an IV made from its number. Safe for many threads,
 * which do not wait for each other.
 *
 * <p>The key stays inside until {@link #close()}, which overwrites it; what the ciphers derived from it is left to the
 * garbage collector.
 */
public final class SectorCipher implements AutoCloseable {
    /** Bytes of a sector, the unit of IVs. */
    public static final int SECTOR = 512;

    /** Bytes of a block in XTS. */
    static final int XTS_BLOCK = 16;

    /** Bytes transformed at a time: enough to keep the processor's AES busy, little enough to stay in its caches. */
    private static final int CHUNK = 32 << 10;

    private final CipherSpec spec;
    private final byte[] key;
    private final CipherAlgorithm ivCipher;
    private final ConcurrentLinkedQueue<Lane> encrypting = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Lane> decrypting = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /**
     * A cipher with its key.
     *
     * @param key {@link CipherSpec#keyLength()} bytes, copied
     * @throws ImageException where the parts of {@code spec} do not go together
     */
    public SectorCipher(CipherSpec spec, byte[] key) throws ImageException {
        spec.check();
        if (key.length != spec.keyLength()) {
            throw new IllegalArgumentException("a key of " + key.length + " bytes instead of " + spec.keyLength());
        }
        this.spec = spec;
        this.key = key.clone();
        this.ivCipher = spec.ivGenerator() == IvGenerator.ESSIV ? spec.essivCipher() : spec.algorithm();
    }

    /**
     * Encrypts all of {@code source}, from its position to its limit, into {@code destination}; both positions advance.
     * They may be the same bytes.
     *
     * @param sector number of the first sector, from which IVs are counted
     */
    public void encrypt(ByteBuffer source, ByteBuffer destination, long sector) {
        run(encrypting, true, source, destination, sector);
    }

    /** As {@link #encrypt}, the other way. */
    public void decrypt(ByteBuffer source, ByteBuffer destination, long sector) {
        run(decrypting, false, source, destination, sector);
    }

    /** Decrypts a buffer's bytes where they are, from its position to its limit; neither changes. */
    public void decrypt(ByteBuffer bytes, long sector) {
        decrypt(bytes.duplicate(), bytes.duplicate(), sector);
    }

    private void run(
            ConcurrentLinkedQueue<Lane> lanes,
            boolean encrypt,
            ByteBuffer source,
            ByteBuffer destination,
            long firstSector) {
        if (source.remaining() % SECTOR != 0) {
            throw new IllegalArgumentException(source.remaining() + " bytes are no whole sectors");
        }
        if (closed) {
            throw new IllegalStateException("the cipher is closed");
        }
        Lane idle = lanes.poll();
        Lane lane = idle == null ? new Lane(encrypt) : idle;
        long sector = firstSector;
        while (source.hasRemaining()) {
            int length = Math.min(CHUNK, source.remaining());
            source.get(lane.data, 0, length);
            lane.transform(length, sector);
            destination.put(lane.data, 0, length);
            sector += length / SECTOR;
        }
        Arrays.fill(lane.data, (byte) 0);
        lanes.add(lane);
    }

    /** Overwrites the key. Nothing can be encrypted or decrypted afterwards. */
    @Override
    public void close() {
        closed = true;
        Arrays.fill(key, (byte) 0);
        encrypting.clear();
        decrypting.clear();
    }

    /** What one thread works with. */
    private final class Lane {
        private final byte[] data = new byte[CHUNK];
        private final byte[] vectors = new byte[CHUNK / SECTOR * XTS_BLOCK];
        private final IvSource ivs;
        private final SectorMode mode;

        Lane(boolean encrypt) {
            CipherAlgorithm algorithm = spec.algorithm();
            ivs = IvSource.of(spec, ivCipher, key);
            switch (spec.mode()) {
                case ECB -> {
                    BlockCipher blocks = BlockCipher.of(algorithm, key, encrypt);
                    mode = (bytes, length, iv) -> blocks.transform(bytes, 0, length);
                }
                case CBC -> {
                    BlockCipher blocks = BlockCipher.of(algorithm, key, encrypt);
                    int block = algorithm.blockLength();
                    mode = encrypt ? new CbcEncryption(blocks, block) : new CbcDecryption(blocks, block);
                }
                case CTR -> mode = new Counter(BlockCipher.of(algorithm, key, true), algorithm.blockLength());
                default -> mode = xts(algorithm, encrypt);
            }
        }

        private SectorMode xts(CipherAlgorithm algorithm, boolean encrypt) {
            int half = algorithm.keyLength();
            byte[] dataKey = Arrays.copyOf(key, half);
            byte[] tweakKey = Arrays.copyOfRange(key, half, 2 * half);
            SectorMode made =
                    new Xts(BlockCipher.of(algorithm, dataKey, encrypt), BlockCipher.of(algorithm, tweakKey, true));
            Arrays.fill(dataKey, (byte) 0);
            Arrays.fill(tweakKey, (byte) 0);
            return made;
        }

        void transform(int length, long sector) {
            ivs.fill(vectors, length / SECTOR, sector);
            mode.transform(data, length, vectors);
        }
    }
}
