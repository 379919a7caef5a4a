package io.jimg.host.deflate;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.jimg.host.kernel.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import org.jspecify.annotations.Nullable;

/** libdeflate (libdeflate.h, version 1), where the host has it. */
final class Libdeflate implements DeflateLibrary {
    private static final int HIGHEST_LEVEL = 12;

    private final SymbolLookup symbols;

    private Libdeflate(SymbolLookup symbols) {
        this.symbols = symbols;
    }

    /** {@return the library, or null where it isn't installed or may not be called} */
    static @Nullable DeflateLibrary find() {
        return Found.LIBRARY;
    }

    /** Looked for when it is first asked for. */
    private static final class Found {
        static final @Nullable Libdeflate LIBRARY = Native.isPermitted() ? look() : null;

        private static @Nullable Libdeflate look() {
            try {
                return new Libdeflate(SymbolLookup.libraryLookup("libdeflate.so.0", Arena.global()));
            } catch (IllegalArgumentException notInstalled) {
                return null;
            } catch (IllegalCallerException | UnsupportedOperationException refused) {
                // Asked for by jimg.native=on, but the JVM denies native access or has no linker here.
                return null;
            }
        }
    }

    @Override
    public String name() {
        return "libdeflate";
    }

    @Override
    public int highestLevel() {
        return HIGHEST_LEVEL;
    }

    @Override
    public RawDeflater newDeflater(int level) {
        if (level < 1) {
            throw new IllegalArgumentException("level " + level);
        }
        return new NativeDeflater(Compression.of(this), Math.min(level, HIGHEST_LEVEL));
    }

    @Override
    public RawInflater newInflater() {
        return new NativeInflater(Decompression.of(this));
    }

    private MethodHandle bind(String name, @Nullable MemoryLayout result, MemoryLayout... arguments) {
        FunctionDescriptor type =
                result == null ? FunctionDescriptor.ofVoid(arguments) : FunctionDescriptor.of(result, arguments);
        return Linker.nativeLinker().downcallHandle(symbols.find(name).orElseThrow(), type);
    }

    /** The functions of compressing, bound when they are first wanted. */
    private record Compression(MethodHandle allocate, MethodHandle compress, MethodHandle free) {
        private static @Nullable Compression bound;

        static synchronized Compression of(Libdeflate library) {
            if (bound == null) {
                bound = new Compression(
                        library.bind("libdeflate_alloc_compressor", ADDRESS, JAVA_INT),
                        library.bind(
                                "libdeflate_deflate_compress",
                                JAVA_LONG,
                                ADDRESS,
                                ADDRESS,
                                JAVA_LONG,
                                ADDRESS,
                                JAVA_LONG),
                        library.bind("libdeflate_free_compressor", null, ADDRESS));
            }
            return bound;
        }
    }

    /** The functions of decompressing, bound when they are first wanted. */
    private record Decompression(MethodHandle allocate, MethodHandle decompress, MethodHandle free) {
        private static @Nullable Decompression bound;

        static synchronized Decompression of(Libdeflate library) {
            if (bound == null) {
                bound = new Decompression(
                        library.bind("libdeflate_alloc_decompressor", ADDRESS),
                        library.bind(
                                "libdeflate_deflate_decompress_ex",
                                JAVA_INT,
                                ADDRESS,
                                ADDRESS,
                                JAVA_LONG,
                                ADDRESS,
                                JAVA_LONG,
                                ADDRESS,
                                ADDRESS),
                        library.bind("libdeflate_free_decompressor", null, ADDRESS));
            }
            return bound;
        }
    }

    /** Something of libdeflate's that is freed once, and not used after that. */
    private abstract static class Codec implements AutoCloseable {
        private final MethodHandle free;
        private MemorySegment codec;

        Codec(MemorySegment codec, MethodHandle free) {
            if (codec.address() == 0) {
                throw new OutOfMemoryError("libdeflate found no memory");
            }
            this.codec = codec;
            this.free = free;
        }

        final MemorySegment codec() {
            if (codec.address() == 0) {
                throw new IllegalStateException("closed");
            }
            return codec;
        }

        @Override
        public final synchronized void close() {
            if (codec.address() != 0) {
                try {
                    free.invokeExact(codec);
                } catch (Throwable failure) {
                    throw unchecked(failure);
                }
                codec = MemorySegment.NULL;
            }
        }

        /** {@return the buffer's rest, copied if it isn't in memory that native code can use} */
        static MemorySegment readable(ByteBuffer buffer, Arena scratch) {
            MemorySegment segment = MemorySegment.ofBuffer(buffer);
            return segment.isNative()
                    ? segment
                    : scratch.allocate(segment.byteSize(), 1).copyFrom(segment);
        }

        /** {@return the buffer's rest, or memory in its place if it isn't in memory that native code can use} */
        static MemorySegment writable(ByteBuffer buffer, Arena scratch) {
            if (buffer.isReadOnly()) {
                throw new ReadOnlyBufferException();
            }
            return buffer.isDirect() ? MemorySegment.ofBuffer(buffer) : scratch.allocate(buffer.remaining(), 1);
        }

        /** Moves a buffer's position behind what was written to its {@link #writable}. */
        static void advance(ByteBuffer buffer, MemorySegment written, long length) {
            if (!buffer.isDirect()) {
                MemorySegment.copy(written, 0, MemorySegment.ofBuffer(buffer), 0, length);
            }
            buffer.position(buffer.position() + Math.toIntExact(length));
        }
    }

    private static final class NativeDeflater extends Codec implements RawDeflater {
        private final MethodHandle compress;

        NativeDeflater(Compression functions, int level) {
            super(allocate(functions, level), functions.free);
            this.compress = functions.compress;
        }

        private static MemorySegment allocate(Compression functions, int level) {
            try {
                return (MemorySegment) functions.allocate.invokeExact(level);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }

        @Override
        public synchronized boolean deflate(ByteBuffer input, ByteBuffer output) {
            try (Arena scratch = Arena.ofConfined()) {
                MemorySegment from = readable(input, scratch);
                MemorySegment to = writable(output, scratch);
                long length = (long) compress.invokeExact(codec(), from, from.byteSize(), to, to.byteSize());
                if (length == 0) {
                    return false;
                }
                input.position(input.limit());
                advance(output, to, length);
                return true;
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }
    }

    private static final class NativeInflater extends Codec implements RawInflater {
        private final MethodHandle decompress;

        NativeInflater(Decompression functions) {
            super(allocate(functions), functions.free);
            this.decompress = functions.decompress;
        }

        private static MemorySegment allocate(Decompression functions) {
            try {
                return (MemorySegment) functions.allocate.invokeExact();
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }

        @Override
        public synchronized End inflate(ByteBuffer input, ByteBuffer output) {
            try (Arena scratch = Arena.ofConfined()) {
                MemorySegment from = readable(input, scratch);
                MemorySegment to = writable(output, scratch);
                MemorySegment used = scratch.allocate(JAVA_LONG);
                MemorySegment made = scratch.allocate(JAVA_LONG);
                int result =
                        (int) decompress.invokeExact(codec(), from, from.byteSize(), to, to.byteSize(), used, made);
                if (result == 0) {
                    input.position(input.position() + Math.toIntExact(used.get(JAVA_LONG, 0)));
                    advance(output, to, made.get(JAVA_LONG, 0));
                    return End.STREAM_END;
                }
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
            // libdeflate leaves off wherever it notices. zlib tells how far a stream is good.
            try (RawInflater exact = DeflateLibrary.java().newInflater()) {
                return exact.inflate(input, output);
            }
        }
    }

    /** {@return what to throw: a downcall throws nothing that is checked} */
    private static RuntimeException unchecked(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException known ? known : new IllegalStateException(failure);
    }
}
