package io.jimg.cli.serve;

import io.jimg.cli.process.CommandException;
import io.jimg.nbd.NbdAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a virtual machine monitor is told to attach the disks of a server.
 *
 * @param address where clients reach the server
 * @param vhostUser whether it speaks vhost-user-blk, and not NBD
 * @param exports names, empty for the default export
 * @param readOnly whether the disks refuse writes
 * @param tls what the monitor is told of TLS; null where none is spoken
 * @param queues of a vhost-user-blk disk
 * @param memory the guest's memory in bytes, which a vhost-user-blk disk shares
 */
public record Attachment(
        NbdAddress address,
        boolean vhostUser,
        List<String> exports,
        boolean readOnly,
        @Nullable MonitorTls tls,
        int queues,
        long memory) {
    /** 1 GiB. */
    public static final long DEFAULT_MEMORY = 1L << 30;

    private static final int MEGABYTE_SHIFT = 20;
    private static final int LETTERS = 26;
    private static final String PLAIN = "_./:=,@%+-";

    /** Copies the list. */
    public Attachment {
        exports = List.copyOf(exports);
    }

    /**
     * The text for a monitor, a line or more.
     *
     * @param monitor {@code qemu}, {@code libvirt} or {@code cloud-hypervisor}
     */
    public String text(String monitor) throws CommandException {
        if (address instanceof NbdAddress.Inet inet && inet.port() == 0) {
            throw new CommandException("--print needs a --port other than 0, or a --socket");
        }
        if (memory % (1L << MEGABYTE_SHIFT) != 0) {
            throw new CommandException("--memory takes whole MiB");
        }
        return switch (monitor) {
            case "qemu" -> vhostUser ? qemuVhostUser() : qemuNbd();
            case "libvirt" -> vhostUser ? libvirtVhostUser() : libvirtNbd();
            case "cloud-hypervisor" -> cloudHypervisor();
            default ->
                throw new CommandException("--print must be used with qemu, libvirt or cloud-hypervisor as argument");
        };
    }

    private String socket() {
        return address.text();
    }

    private String megabytes() {
        return (memory >> MEGABYTE_SHIFT) + "M";
    }

    private String qemuNbd() throws CommandException {
        StringBuilder lines = new StringBuilder();
        if (tls != null) {
            if (tls.folder() == null) {
                throw new CommandException("--print qemu needs --tls-client-dir, the folder of QEMU's certificates:"
                        + " there is no client-cert.pem in --tls-dir");
            }
            String folder = qemuValue(tls.folder().toAbsolutePath().toString());
            lines.append("-object ")
                    .append(shellWord("tls-creds-x509,id=jimg-tls,endpoint=client,dir=" + folder))
                    .append('\n');
        }
        for (int i = 0; i < exports.size(); i++) {
            String node = "driver=nbd,node-name=jimg" + i + ',' + qemuServer();
            if (!exports.get(i).isEmpty()) {
                node += ",export=" + qemuValue(exports.get(i));
            }
            if (tls != null) {
                node += ",tls-creds=jimg-tls";
                node += tls.hostname() == null ? "" : ",tls-hostname=" + qemuValue(tls.hostname());
            }
            node += readOnly ? ",read-only=on" : ",discard=unmap";
            lines.append("-blockdev ")
                    .append(shellWord(node))
                    .append(" -device virtio-blk-pci,drive=jimg")
                    .append(i)
                    .append('\n');
        }
        return lines.toString();
    }

    private String qemuServer() {
        return address instanceof NbdAddress.Inet inet
                ? "server.type=inet,server.host=" + qemuValue(inet.host()) + ",server.port=" + inet.port()
                : "server.type=unix,server.path=" + qemuValue(socket());
    }

    /** The guest's memory must be shared for another process to reach it. */
    private String qemuVhostUser() {
        return "-m " + megabytes() + " -object memory-backend-memfd,id=jimg-memory,size=" + megabytes() + ",share=on"
                + " -machine memory-backend=jimg-memory"
                + " -chardev " + shellWord("socket,id=jimg0,path=" + qemuValue(socket()))
                + " -device vhost-user-blk-pci,chardev=jimg0,num-queues=" + queues + '\n';
    }

    private String libvirtNbd() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < exports.size(); i++) {
            String name = exports.get(i).isEmpty() ? "" : " name='" + xml(exports.get(i)) + "'";
            lines.append("<disk type='network' device='disk'>\n")
                    .append("  <driver name='qemu' type='raw'")
                    .append(readOnly ? "" : " discard='unmap'")
                    .append("/>\n")
                    .append("  <source protocol='nbd'")
                    .append(name)
                    .append(libvirtTls())
                    .append(">\n    ")
                    .append(libvirtHost())
                    .append("\n  </source>\n")
                    .append("  <target dev='")
                    .append(target(i))
                    .append("' bus='virtio'/>\n")
                    .append(readOnly ? "  <readonly/>\n" : "")
                    .append("</disk>\n");
        }
        return lines.toString();
    }

    private String libvirtTls() {
        if (tls == null) {
            return "";
        }
        return " tls='yes'" + (tls.hostname() == null ? "" : " tlsHostname='" + xml(tls.hostname()) + "'");
    }

    private String libvirtHost() {
        return address instanceof NbdAddress.Inet inet
                ? "<host name='" + xml(inet.host()) + "' port='" + inet.port() + "'/>"
                : "<host transport='unix' socket='" + xml(socket()) + "'/>";
    }

    private String libvirtVhostUser() {
        return """
                <memory unit='MiB'>%d</memory>
                <memoryBacking>
                  <source type='memfd'/>
                  <access mode='shared'/>
                </memoryBacking>
                <disk type='vhostuser' device='disk'>
                  <driver name='qemu' type='raw' queues='%d'/>
                  <source type='unix' path='%s'/>
                  <target dev='vda' bus='virtio'/>
                </disk>
                """.formatted(memory >> MEGABYTE_SHIFT, queues, xml(socket()));
    }

    private String cloudHypervisor() throws CommandException {
        if (!vhostUser) {
            throw new CommandException("cloud-hypervisor takes disks from no NBD server; --vhost-user serves one");
        }
        if (socket().indexOf(',') >= 0) {
            throw new CommandException("cloud-hypervisor takes no socket with a comma in its path");
        }
        return "--memory size=" + megabytes() + ",shared=on --disk "
                + shellWord("vhost_user=on,socket=" + socket() + ",num_queues=" + queues) + '\n';
    }

    /** vda, vdb... vdz, vdaa... */
    private static String target(int index) {
        StringBuilder letters = new StringBuilder();
        for (int left = index; left >= 0; left = left / LETTERS - 1) {
            letters.insert(0, (char) ('a' + left % LETTERS));
        }
        return "vd" + letters;
    }

    private static String qemuValue(String text) {
        return text.replace(",", ",,");
    }

    private static String xml(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }

    /** As a shell reads it as one word. */
    private static String shellWord(String text) {
        boolean plain = text.chars()
                .allMatch(letter -> letter >= 'a' && letter <= 'z'
                        || letter >= 'A' && letter <= 'Z'
                        || letter >= '0' && letter <= '9'
                        || PLAIN.indexOf(letter) >= 0);
        return plain ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
