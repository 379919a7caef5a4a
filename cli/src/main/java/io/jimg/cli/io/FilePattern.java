package io.jimg.cli.io;

import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Buffers filled from a file, again from its start where it ends too early. */
final class FilePattern {
    private FilePattern() {}

    /** A buffer of {@code length} bytes; complains where the file gives none. */
    static ByteBuffer read(Console console, String name, int length) throws IoFailure {
        byte[] bytes;
        try (InputStream file = Files.newInputStream(Path.of(name))) {
            bytes = file.readNBytes(length);
        } catch (IOException failed) {
            console.plainError(Failures.sentence(failed));
            throw IoFailure.said();
        }
        if (bytes.length == 0) {
            console.plainError(name + ": file is empty");
            throw IoFailure.said();
        }
        ByteBuffer buffer = ReadRequest.buffer(length, (byte) 0);
        while (buffer.hasRemaining()) {
            buffer.put(bytes, 0, Math.min(bytes.length, buffer.remaining()));
        }
        return buffer.flip();
    }
}
