package io.jimg.qcow2.image;

import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * The check of an image that is open for writing: what is in memory goes to the file before, and the header is read anew.
 * Nobody may write meanwhile. An image whose refcounts are lazy is found dirty, as it is.
 */
final class FlushedCheck extends Job<CheckReport> {
    private final Storage file;
    private final WritePath path;

    FlushedCheck(Storage file, WritePath path) {
        this.file = file;
        this.path = path;
    }

    @Override
    protected CheckReport execute() throws IOException {
        path.flush();
        Qcow2Check check = new Qcow2Check(file, Qcow2Opener.readHeader(file));
        check.onProgress((done, total) -> {
            progress(done, total);
            if (cancelled()) {
                check.cancel();
            }
        });
        return check.run();
    }
}
