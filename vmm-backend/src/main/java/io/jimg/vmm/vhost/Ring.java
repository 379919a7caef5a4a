package io.jimg.vmm.vhost;

import io.jimg.host.ipc.EventDescriptor;
import io.jimg.vmm.virtio.GuestMemory;
import io.jimg.vmm.virtio.QueueRings;
import io.jimg.vmm.virtio.VirtioBlk;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A ring as the front end has set it up so far. One thread changes it: whatever is changed, the ring is paused for it,
 * and resumed if it may run then.
 */
final class Ring implements AutoCloseable {
    private final int index;
    private final VirtioBlk disk;
    private int size;
    private int next;
    private boolean addressed;
    private long descriptors;
    private long available;
    private long used;
    private boolean startable;
    private boolean started;
    private boolean enabled;
    private @Nullable EventDescriptor kick;
    private @Nullable EventDescriptor call;
    private @Nullable EventDescriptor error;
    private @Nullable RingWorker worker;

    Ring(int index, VirtioBlk disk) {
        this.index = index;
        this.disk = disk;
    }

    /** Serves nothing any more until it is resumed. */
    void pause() throws IOException {
        if (worker != null) {
            started = worker.started();
            next = worker.stop();
            worker = null;
        }
    }

    /** Serves, if the front end has told all that is needed and wants it. */
    void resume(MappedMemory memory) throws IOException {
        if (worker != null || !startable || !enabled || !addressed || size == 0) {
            return;
        }
        GuestMemory byUserAddress = memory.byUserAddress();
        QueueRings rings = QueueRings.at(byUserAddress, size, descriptors, available, used);
        worker = new RingWorker(
                disk.queue(memory, rings, next, this::interrupt), kick, error, started, "jimg-vhost-ring-" + index);
    }

    private void interrupt() {
        EventDescriptor event = call;
        if (event != null) {
            try {
                event.signal();
            } catch (IOException closed) {
                throw new IllegalStateException("An event was closed while a ring used it", closed);
            }
        }
    }

    // ---- changes, while it is paused -------------------------------------------------------------------------------

    void setSize(int value) throws IOException {
        if (!QueueRings.isSize(value)) {
            throw new IOException("A ring can't have " + value + " descriptors");
        }
        size = value;
    }

    void setAddresses(long descriptorTable, long availableRing, long usedRing) {
        descriptors = descriptorTable;
        available = availableRing;
        used = usedRing;
        addressed = true;
    }

    void setNext(int value) {
        next = value;
    }

    void setEnabled(boolean value) {
        enabled = value;
    }

    /** From now on the ring starts when it is kicked. */
    void setKick(@Nullable EventDescriptor value) {
        closeIfThere(kick);
        kick = value;
        startable = true;
    }

    void setCall(@Nullable EventDescriptor value) {
        closeIfThere(call);
        call = value;
    }

    void setError(@Nullable EventDescriptor value) {
        closeIfThere(error);
        error = value;
    }

    /** Stops it until a new kick event comes; returns the index of the next request. */
    int takeNext() {
        closeIfThere(kick);
        kick = null;
        startable = false;
        started = false;
        return next;
    }

    private static void closeIfThere(@Nullable EventDescriptor event) {
        if (event != null) {
            event.close();
        }
    }

    /** Ends it for good. */
    @Override
    public void close() throws IOException {
        pause();
        closeIfThere(kick);
        closeIfThere(call);
        closeIfThere(error);
    }
}
