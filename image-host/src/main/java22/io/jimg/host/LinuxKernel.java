package io.jimg.host;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;

/** Linux on a 64-bit processor, by way of the C library's {@code syscall}. */
final class LinuxKernel implements Kernel {
    private final boolean arm;
    private final MethodHandle syscall;

    /**
     * Binds {@code syscall}.
     *
     * @param arm whether the processor is an aarch64; otherwise it is an x86_64
     * @throws IllegalCallerException if the JVM denies native access
     */
    LinuxKernel(boolean arm) {
        this.arm = arm;
        Linker linker = Linker.nativeLinker();
        MemorySegment symbol = linker.defaultLookup()
                .find("syscall")
                .orElseThrow(() -> new UnsupportedOperationException("the C library has no syscall"));
        this.syscall = linker.downcallHandle(
                symbol,
                FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                Linker.Option.firstVariadicArg(1),
                Linker.Option.captureCallState("errno"));
    }

    @Override
    public long call(SystemCall call, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            // The only state captured on Linux is errno, an int.
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            while (true) {
                long result = (long) syscall.invokeExact(state, (long) call.number(arm), a, b, c, d, e, f);
                if (result != -1) {
                    return result;
                }
                int errno = state.get(JAVA_INT, 0);
                // Linux has closed the descriptor even when it says EINTR; by now the number may be another file's.
                if (errno != Errno.EINTR || call == SystemCall.CLOSE) {
                    return -errno;
                }
            }
        } catch (RuntimeException | Error failure) {
            throw failure;
        } catch (Throwable impossible) {
            throw new AssertionError("A downcall throws no checked exception", impossible);
        }
    }

    @Override
    public long addressOf(ByteBuffer direct) {
        return MemorySegment.ofBuffer(direct.duplicate().clear()).address();
    }
}
