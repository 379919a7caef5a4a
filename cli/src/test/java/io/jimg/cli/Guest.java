package io.jimg.cli;

import io.jimg.testkit.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A small Linux under QEMU's own CPU, without KVM: Debian's cloud kernel, as {@code build/guest-kernel} unpacks it, and
 * an initramfs of busybox, virtio's modules and {@code guest-init}, which mounts the machine's one disk, works on it
 * and switches off.
 */
final class Guest {
    private static final List<String> MODULES = List.of(
            "virtio.ko",
            "virtio_ring.ko",
            "virtio_pci_legacy_dev.ko",
            "virtio_pci_modern_dev.ko",
            "virtio_pci.ko",
            "virtio_blk.ko");
    private static final String SAYS = "guest: ";

    private final Tool machine;
    private final Path kernel;
    private final Path initramfs;

    private Guest(Tool machine, Path kernel, Path initramfs) {
        this.machine = machine;
        this.kernel = kernel;
        this.initramfs = initramfs;
    }

    /**
     * A guest whose initramfs lies in that folder; without the tools the calling test is skipped, or fails under CI.
     */
    static Guest in(Path folder) throws IOException {
        Tool machine = Tool.require("qemu-system-x86_64", "qemu-system-x86");
        Tool busybox = Tool.require("busybox", "busybox-static");
        String unpacked = System.getenv("JIMG_KERNEL");
        if (unpacked == null) {
            return Tool.missing("no guest kernel (build/guest-kernel unpacks one; JIMG_KERNEL names its folder)");
        }
        Path root = Files.createDirectory(folder.resolve("initramfs"));
        for (String inside : List.of("bin", "modules", "proc", "sys", "dev", "disk")) {
            Files.createDirectory(root.resolve(inside));
        }
        Files.copy(busybox.program().toRealPath(), root.resolve("bin/busybox"));
        for (Path module : found(Path.of(unpacked, "lib"), MODULES)) {
            Files.copy(module, root.resolve("modules").resolve(module.getFileName()));
        }
        try (InputStream init = Guest.class.getResourceAsStream("guest-init")) {
            Files.copy(init, root.resolve("init"));
        }
        Files.setPosixFilePermissions(root.resolve("init"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Path archive = folder.resolve("initramfs.cpio");
        Tool.require("sh", "dash")
                .runIn(root, "-c", "find . | \"$0\" cpio -o -H newc >\"$1\"", busybox.program(), archive)
                .expectExit(0);
        return new Guest(
                machine, found(Path.of(unpacked, "boot"), List.of("vmlinuz-")).get(0), archive);
    }

    /** Files below a folder whose names begin so. */
    private static List<Path> found(Path below, List<String> beginnings) throws IOException {
        try (Stream<Path> files = Files.walk(below)) {
            return files.filter(file -> beginnings.stream()
                            .anyMatch(beginning -> file.getFileName().toString().startsWith(beginning)))
                    .toList();
        }
    }

    /**
     * Boots, and waits until the guest has switched its machine off.
     *
     * @param disk QEMU's arguments that attach the disk
     * @return what the guest said, line by line
     */
    List<String> run(List<String> disk) {
        List<Object> arguments = new ArrayList<>(List.of(
                "-accel",
                "tcg",
                "-m",
                "256",
                "-nodefaults",
                "-display",
                "none",
                "-no-reboot",
                "-serial",
                "stdio",
                "-kernel",
                kernel,
                "-initrd",
                initramfs,
                "-append",
                "console=ttyS0 quiet panic=-1"));
        arguments.addAll(disk);
        Tool.Result result = machine.run(arguments.toArray()).expectExit(0);
        List<String> lines = result.stdout()
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith(SAYS))
                .map(line -> line.substring(SAYS.length()))
                .toList();
        if (!lines.contains("unmounted")) {
            throw new AssertionError("the guest did not come to its end: " + result);
        }
        return lines;
    }
}
