package io.jimg.host.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.jimg.host.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Linux on a 64-bit processor, by way of the C library's {@code syscall}.
 *
 * <p>A handle that also captures {@code errno} takes half as long again to link, which a command that lives for
 * milliseconds feels. Calls go through a plain one; one that failed, and so did nothing, is made again through the
 * other, for the reason.
 */
final class LinuxKernel implements Kernel {
    private static final FunctionDescriptor SYSCALL = FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private final boolean arm;
    private final MemorySegment symbol;
    private final MethodHandle plain;

    /** Captures {@code errno}, too; linked at the first failure. */
    private volatile @Nullable MethodHandle capturing;

    /**
     * Binds {@code syscall}.
     *
     * @param arm whether the processor is an aarch64; otherwise it is an x86_64
     * @throws IllegalCallerException if the JVM denies native access
     */
    LinuxKernel(boolean arm) {
        this.arm = arm;
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> found = linker.defaultLookup().find("syscall");
        if (found.isEmpty()) {
            throw new UnsupportedOperationException("the C library has no syscall");
        }
        this.symbol = found.get();
        this.plain = linker.downcallHandle(SYSCALL, Linker.Option.firstVariadicArg(1));
    }

    @Override
    public long call(SystemCall call, long a, long b, long c, long d, long e, long f) {
        try {
            long number = call.number(arm);
            long result = (long) plain.invokeExact(symbol, number, a, b, c, d, e, f);
            if (result != -1) {
                return result;
            }
            if (call == SystemCall.CLOSE) {
                // The descriptor is closed whatever the reason, and by now its number may be another file's.
                return -Errno.EIO;
            }
            return again(number, a, b, c, d, e, f);
        } catch (RuntimeException | Error failure) {
            throw failure;
        } catch (Throwable impossible) {
            throw new AssertionError("A downcall throws no checked exception", impossible);
        }
    }

    private long again(long number, long a, long b, long c, long d, long e, long f) throws Throwable {
        // The only state captured on Linux is errno, an int. A buffer reads it sooner than the accessors of a segment,
        // which are made when first used.
        ByteBuffer errno =
                Kernel.struct((int) Linker.Option.captureStateLayout().byteSize());
        MemorySegment state = MemorySegment.ofBuffer(errno);
        MethodHandle call = capturing();
        while (true) {
            long result = (long) call.invokeExact(symbol, state, number, a, b, c, d, e, f);
            if (result != -1) {
                return result;
            }
            if (errno.getInt(0) != Errno.EINTR) {
                return -errno.getInt(0);
            }
        }
    }

    private MethodHandle capturing() {
        MethodHandle linked = capturing;
        if (linked == null) {
            linked = Linker.nativeLinker()
                    .downcallHandle(
                            SYSCALL, Linker.Option.firstVariadicArg(1), Linker.Option.captureCallState("errno"));
            capturing = linked;
        }
        return linked;
    }

    @Override
    public long addressOf(ByteBuffer direct) {
        MemorySegment segment = MemorySegment.ofBuffer(direct);
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("The buffer's memory has been unmapped");
        }
        // A segment begins at the position.
        return segment.address() - direct.position();
    }

    @Override
    @SuppressWarnings("MustBeClosedChecker") // revoke() closes it
    public MappedBytes mapped(long address, long length) {
        // Shared: any thread may use the buffers, and none can any more once the arena is closed.
        Arena arena = Arena.ofShared();
        MemorySegment all = MemorySegment.ofAddress(address).reinterpret(length, arena, null);
        return new MappedBytes() {
            @Override
            public ByteBuffer buffer(long offset, int size) {
                return all.asSlice(offset, size).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            }

            @Override
            public void revoke() {
                arena.close();
            }
        };
    }
}
