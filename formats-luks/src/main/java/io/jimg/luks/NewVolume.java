package io.jimg.luks;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.crypto.LuksEntropy;
import io.jimg.crypto.LuksParameters;
import io.jimg.crypto.LuksVolume;
import io.jimg.crypto.SectorCipher;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.FileSpace;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.FileCreation;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Preallocation;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.Arrays;

/** A volume to be: its options read, its passphrase at hand until it is closed. */
final class NewVolume implements AutoCloseable {
    private final long size;
    private final Preallocation preallocation;
    private final LuksParameters parameters;
    private final byte[] passphrase;

    private NewVolume(long size, Preallocation preallocation, LuksParameters parameters, byte[] passphrase) {
        this.size = size;
        this.preallocation = preallocation;
        this.parameters = parameters;
        this.passphrase = passphrase;
    }

    /**
     * Reads what is wanted.
     *
     * @throws ImageException with QEMU's sentence
     */
    static NewVolume settle(CreateRequest request) throws ImageException {
        LuksParameters parameters = Luks.OPTIONS.parameters(request.options());
        if (request.size() > Long.MAX_VALUE - LuksVolume.headerLength(parameters.cipher()) - SectorCipher.SECTOR) {
            throw new ImageException(ErrorKind.LIMIT, "The requested file size is too large");
        }
        Preallocation preallocation = request.options().get(FileCreation.PREALLOCATION);
        return new NewVolume(
                request.size(),
                preallocation == null ? Preallocation.OFF : preallocation,
                parameters,
                Luks.OPTIONS.passphrase(request.options(), request.secrets()));
    }

    /** Makes an image whose bytes are noise until they are written, as a cipher leaves them. */
    void create(Storage file, LuksEntropy entropy) throws IOException {
        extend(file);
        LuksVolume.create(file, 0, parameters, passphrase, entropy).close();
        file.flush();
    }

    /** An image in the making, whose header is written when all else is. */
    ImageWriter writer(Storage file, LuksEntropy entropy) throws IOException {
        extend(file);
        MemoryStorage header = new MemoryStorage("header");
        SectorCipher cipher = LuksVolume.create(header, 0, parameters, passphrase, entropy);
        return new LuksWriter(file, header, cipher, LuksVolume.headerLength(parameters.cipher()), size);
    }

    private void extend(Storage file) throws IOException {
        long length = LuksVolume.headerLength(parameters.cipher()) + size;
        FileSpace.take(file, 0, length, preallocation, FileSpace.Watcher.NONE);
        if (file.growsWithZeroes()) {
            file.truncate(length);
        } else if (file.size() < length) {
            throw new ImageException(
                    ErrorKind.NO_SPACE, "Cannot grow device files", file.name(), ImageException.NO_OFFSET, null);
        }
    }

    @Override
    public void close() {
        Arrays.fill(passphrase, (byte) 0);
    }
}
