package io.jimg.host.kernel;

/**
 * The place of the class of the same name under {@code META-INF/versions/22}, which makes Linux's calls; a Java before
 * 22 has no way to. Archives of loaded classes hold none that a jar does not have for every Java, and without its place
 * here that class would be parsed and verified at each start.
 */
final class LinuxKernel {
    private LinuxKernel() {}
}
