package io.jimg.cli.help;

/** One line for each command that somebody might really type. */
final class Examples {
    private Examples() {}

    static String of(String command) {
        return "jimg "
                + switch (command) {
                    case "amend" -> "amend -o lazy_refcounts=on disk.qcow2";
                    case "bench" -> "bench -c 10000 -d 8 disk.qcow2";
                    case "bitmap" -> "bitmap --add disk.qcow2 since-monday";
                    case "check" -> "check -r leaks disk.qcow2";
                    case "commit" -> "commit overlay.qcow2";
                    case "compare" -> "compare before.qcow2 after.raw";
                    case "convert" -> "convert -p -c -O qcow2 disk.raw disk.qcow2";
                    case "create" -> "create -f qcow2 -b template.qcow2 -F qcow2 clone.qcow2";
                    case "dd" -> "dd bs=1M count=1 if=disk.qcow2 of=first-megabyte.raw";
                    case "digest" -> "digest disk.qcow2";
                    case "info" -> "info --backing-chain disk.qcow2";
                    case "map" -> "map --output=json disk.qcow2";
                    case "measure" -> "measure -O qcow2 disk.raw";
                    case "rebase" -> "rebase -b newer.qcow2 -F qcow2 overlay.qcow2";
                    case "resize" -> "resize disk.qcow2 +10G";
                    case "serve" -> "serve --socket /run/disk.sock --persistent disk.qcow2";
                    case "snapshot" -> "snapshot -c before-update disk.qcow2";
                    case "validate" -> "validate -f qcow2 --policy cloud upload.qcow2";
                    case CompletionCommand.NAME -> "completion > ~/.local/share/bash-completion/completions/jimg";
                    default -> throw new IllegalArgumentException(command);
                };
    }
}
