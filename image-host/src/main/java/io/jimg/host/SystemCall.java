package io.jimg.host;

/**
 * The system calls that we make, by their numbers on the processors that we know (the kernel's {@code unistd} tables).
 */
enum SystemCall {
    CLOSE(3, 57),
    COPY_FILE_RANGE(326, 285),
    FALLOCATE(285, 47),
    FCNTL(72, 25),
    FTRUNCATE(77, 46),
    IOCTL(16, 29),
    LSEEK(8, 62),
    OPENAT(257, 56),
    STATX(332, 291);

    private final int onX86;
    private final int onArm;

    SystemCall(int onX86, int onArm) {
        this.onX86 = onX86;
        this.onArm = onArm;
    }

    /** {@return the number on x86_64, or on aarch64} */
    int number(boolean arm) {
        return arm ? onArm : onX86;
    }
}
