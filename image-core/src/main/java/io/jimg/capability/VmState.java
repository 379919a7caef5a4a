package io.jimg.capability;

/** An image that has a place for the state of a running machine behind the guest's disk. */
public interface VmState {

    /** Where that place begins, counted in guest bytes from the disk's start; not before the disk's end. */
    long offset();
}
