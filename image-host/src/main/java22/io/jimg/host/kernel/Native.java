package io.jimg.host.kernel;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the host offers beyond the Java platform, found by {@code java.lang.foreign} when it is first asked for.
 *
 * <p>Nothing is looked for unless native access is enabled for this module, so that a program that merely has jimg
 * among its libraries sees no warning. The system property {@code jimg.native} overrides that: {@code off} looks for
 * nothing, {@code on} looks even where the JVM will warn, {@code auto} is the default.
 */
public final class Native {
    private Native() {}

    private static @Nullable Kernel kernel;
    private static boolean kernelSought;

    /** {@return the host's system calls, or null where they can't be, or may not be, made} */
    public static synchronized @Nullable Kernel kernel() {
        if (!kernelSought) {
            kernelSought = true;
            kernel = isPermitted() ? findKernel() : null;
        }
        return kernel;
    }

    /** {@return whether native code may be called} */
    public static boolean isPermitted() {
        return switch (System.getProperty("jimg.native", "auto").toLowerCase(Locale.ROOT)) {
            case "on" -> true;
            case "off" -> false;
            default -> Native.class.getModule().isNativeAccessEnabled();
        };
    }

    private static @Nullable Kernel findKernel() {
        if (!"Linux".equals(System.getProperty("os.name"))) {
            return null;
        }
        try {
            return switch (System.getProperty("os.arch", "")) {
                case "amd64", "x86_64" -> new LinuxKernel(false);
                case "aarch64" -> new LinuxKernel(true);
                default -> null;
            };
        } catch (IllegalCallerException | UnsupportedOperationException refused) {
            // Asked for by jimg.native=on, but the JVM denies native access or has no linker here.
            return null;
        }
    }
}
