package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import java.io.IOException;
import java.util.List;

/** {@code alloc} and {@code map}: which bytes the image itself holds. */
final class AllocCommand {
    private AllocCommand() {}

    static IoCommand alloc() {
        return new SimpleCommand(
                new Syntax("alloc", "a", 1, 2, "offset [count]", "checks if offset is allocated in the file"),
                true,
                AllocCommand::alloc);
    }

    static IoCommand map() {
        return new SimpleCommand(
                new Syntax("map", null, 0, 0, "", "prints the allocated areas of a file"), true, AllocCommand::map);
    }

    private static void alloc(Session session, List<String> operands) throws IoFailure, IOException {
        long offset = Numbers.size(operands.get(0));
        long count = operands.size() > 1 ? Numbers.size(operands.get(1)) : Numbers.SECTOR;
        BlockDevice device = session.image();
        long inside = Math.max(0, Math.min(count, device.size() - offset));
        long allocated = 0;
        for (long at = offset; at < offset + inside; ) {
            Extent run = device.extentAt(at, offset + inside - at, 1);
            allocated += run.present() ? run.length() : 0;
            at = run.end();
        }
        session.console().line(allocated + "/" + inside + " bytes allocated at offset " + Numbers.text(offset));
    }

    private static void map(Session session, List<String> operands) throws IOException {
        BlockDevice device = session.image();
        long size = device.size();
        for (long at = 0; at < size; ) {
            Extent run = device.extentAt(at, size - at, 1);
            boolean allocated = run.present();
            long end = run.end();
            while (end < size) {
                Extent next = device.extentAt(end, size - end, 1);
                if (next.present() != allocated) {
                    break;
                }
                end = next.end();
            }
            session.console()
                    .line(Numbers.text(end - at) + " (0x" + Long.toHexString(end - at) + ") bytes "
                            + (allocated ? "    allocated" : "not allocated") + " at offset " + Numbers.text(at)
                            + " (0x" + Long.toHexString(at) + ')');
            at = end;
        }
    }
}
