package io.jimg.testkit.storage;

import io.jimg.CacheMode;
import io.jimg.Images;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.LeakDetector;
import io.jimg.testkit.ReorderingStorage;
import io.jimg.testkit.StorageContract;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Every storage that can grow keeps the contract. */
class StoragesTest {

    @Nested
    class InMemory extends StorageContract {
        @Override
        protected Storage create() {
            return new MemoryStorage("memory");
        }

        @Override
        protected Storage reopen(Storage closed, boolean readOnly) {
            ((MemoryStorage) closed).reopen();
            return closed;
        }

        @Override
        protected boolean canBeReadOnly() {
            return false;
        }
    }

    @Nested
    class Reordering extends StorageContract {
        @Override
        protected Storage create() {
            return new ReorderingStorage("disk");
        }

        @Override
        protected Storage reopen(Storage closed, boolean readOnly) {
            return ((ReorderingStorage) closed).reopen();
        }

        @Override
        protected boolean canBeReadOnly() {
            return false;
        }
    }

    @Nested
    class File extends FileContract {
        File() {
            super(CacheMode.WRITEBACK);
        }
    }

    @Nested
    class DirectFile extends FileContract {
        DirectFile() {
            super(CacheMode.NONE);
        }
    }

    abstract static class FileContract extends StorageContract {
        private final CacheMode cache;

        @TempDir
        private Path folder;

        private int files;

        FileContract(CacheMode cache) {
            this.cache = cache;
        }

        @Override
        protected Storage create() throws IOException {
            Path file = folder.resolve("disk" + files++);
            FileStorage.create(file).close();
            return open(file.toString(), true);
        }

        @Override
        protected Storage reopen(Storage closed, boolean readOnly) throws IOException {
            return open(closed.name(), !readOnly);
        }

        private Storage open(String name, boolean writable) throws IOException {
            return Images.standard().literalFile(name).open(writable, cache);
        }

        @AfterEach
        void nothingStaysOpen() throws IOException {
            closeStorages();
            LeakDetector.assertNoOpenFiles(folder);
        }
    }
}
