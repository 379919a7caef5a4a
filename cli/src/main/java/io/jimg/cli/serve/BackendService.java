package io.jimg.cli.serve;

import io.jimg.vmm.RunningExport;
import java.io.IOException;
import java.util.List;

/** One export of any transport. */
public final class BackendService implements Service {
    private static final long LOOK_MILLISECONDS = 100;

    private final RunningExport export;

    /** Over an export, which it closes. */
    public BackendService(RunningExport export) {
        this.export = export;
    }

    @Override
    public List<String> addresses() {
        return List.of(export.address());
    }

    /** Looks now and then: a virtual machine stays for longer than that. */
    @Override
    public void awaitLastClient() throws InterruptedException {
        boolean served = false;
        while (true) {
            boolean serving = export.statistics().connections() > 0;
            if (served && !serving) {
                return;
            }
            served = serving;
            Thread.sleep(LOOK_MILLISECONDS);
        }
    }

    @Override
    public void close() throws IOException {
        export.close();
    }
}
