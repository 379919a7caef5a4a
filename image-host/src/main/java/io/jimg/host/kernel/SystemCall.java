package io.jimg.host.kernel;

/**
 * The system calls that we make, by their numbers on the processors that we know (the kernel's {@code unistd} tables).
 */
public enum SystemCall {
    ACCEPT4(288, 242),
    BIND(49, 200),
    CLOSE(3, 57),
    CONNECT(42, 203),
    COPY_FILE_RANGE(326, 285),
    EVENTFD2(290, 19),
    FALLOCATE(285, 47),
    FCNTL(72, 25),
    FTRUNCATE(77, 46),
    IOCTL(16, 29),
    LISTEN(50, 201),
    LSEEK(8, 62),
    MEMFD_CREATE(319, 279),
    MMAP(9, 222),
    MUNMAP(11, 215),
    OPENAT(257, 56),
    PPOLL(271, 73),
    PREAD64(17, 67),
    PREADV(295, 69),
    PWRITE64(18, 68),
    PWRITEV(296, 70),
    READ(0, 63),
    RECVMSG(47, 212),
    SENDMSG(46, 211),
    SHUTDOWN(48, 210),
    SOCKET(41, 198),
    STATX(332, 291),
    WRITE(1, 64);

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
