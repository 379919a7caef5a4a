package io.jimg.vmm.vhost;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import io.jimg.vmm.RunningExport;
import io.jimg.vmm.virtio.VirtioBlkSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real QEMU boots from our back end: its BIOS reads the boot sector out of a qcow2 image, and what stands there reads
 * another sector, writes it to a third place, prints it and ends the machine.
 */
class QemuTest {
    private static final int SECTOR = 512;

    /** Puts the text at sector 1 into sector 2, and prints it to port 0xe9; then port 0xf4. Its parcel is at 0x30. */
    private static final String BOOT_SECTOR = "31c08ed88ec0" // xor ax, ax; mov ds, ax; mov es, ax
            + "be307cb442cd13" // mov si, parcel; mov ah, 0x42 (read); int 0x13
            + "c606387c02" // mov byte [parcel + 8], 2
            + "be307cb80043cd13" // mov si, parcel; mov ax, 0x4300 (write); int 0x13
            + "be0080" // mov si, 0x8000
            + "ac84c07404e6e9ebf7" // lodsb; test al, al; jz; out 0xe9, al; jmp
            + "e6f4f4ebfd"; // out 0xf4, al; hlt; jmp

    private static final String PARCEL = "10000100008000000100000000000000";

    @TempDir
    private Path folder;

    @Test
    void bootsFromOurBackEnd() throws Exception {
        BackEnds.assumeOurs();
        QemuOracle oracle = QemuOracle.assumePresent();
        Tool qemu = Tool.require("qemu-system-x86_64", "qemu-system-x86");
        byte[] disk = new byte[1 << 20];
        byte[] code = HexFormat.of().parseHex(BOOT_SECTOR);
        System.arraycopy(code, 0, disk, 0, code.length);
        System.arraycopy(HexFormat.of().parseHex(PARCEL), 0, disk, 0x30, 16);
        disk[510] = 0x55;
        disk[511] = (byte) 0xaa;
        byte[] text = "jimg boots\n".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, disk, SECTOR, text.length);
        Path raw = Files.write(folder.resolve("disk.raw"), disk);
        Path qcow2 = folder.resolve("disk.qcow2");
        oracle.img("convert", "-f", "raw", "-O", "qcow2", raw, qcow2).expectExit(0);
        Path printed = folder.resolve("printed");
        Path socket = folder.resolve("s");
        try (DiskImage image = Images.standard().open(qcow2, OpenOptions.DEFAULT.withWritable(true));
                RunningExport export =
                        VhostUserServer.start(socket.toString(), image, VirtioBlkSettings.DEFAULT.withQueues(2))) {
            Tool.Result result = qemu.run(
                    "-accel",
                    "tcg",
                    "-machine",
                    "q35,memory-backend=memory",
                    "-m",
                    "64M",
                    "-object",
                    "memory-backend-memfd,id=memory,size=64M,share=on",
                    "-chardev",
                    "socket,id=disk,path=" + export.address(),
                    "-device",
                    "vhost-user-blk-pci,chardev=disk,num-queues=2",
                    "-nodefaults",
                    "-display",
                    "none",
                    "-debugcon",
                    "file:" + printed,
                    "-device",
                    "isa-debug-exit,iobase=0xf4,iosize=1");
            // The device turns a 0 at its port into exit code 1.
            result.expectExit(1);
            assertThat(export.statistics().writes()).isEqualTo(1);
        }
        assertThat(Files.readString(printed)).contains("jimg boots");
        oracle.checkClean("qcow2", qcow2);
        oracle.ioCommands("qcow2", qcow2, "read -P 0x6a 1024 1");
    }
}
