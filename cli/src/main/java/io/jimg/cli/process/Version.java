package io.jimg.cli.process;

/** What the program says of its version. */
public final class Version {
    /**
     * The release of QEMU whose behaviour is followed; programs ask {@code --version} to find out what they may use.
     */
    private static final String FOLLOWED_RELEASE = "10.0.0";

    private Version() {}

    /** The line under the name {@code program}: with QEMU's release where it is a name of QEMU's. */
    public static String line(String program) {
        String version = Version.class.getPackage().getImplementationVersion();
        String own = version == null ? "development" : version;
        return program.startsWith("qemu-")
                ? program + " version " + FOLLOWED_RELEASE + " (jimg " + own + ")"
                : program + " version " + own;
    }
}
