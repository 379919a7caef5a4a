package io.jimg;

/** What a write may ask for beyond the bytes. */
public enum WriteFlag {
    /** Force unit access: the write is durable when the call returns. */
    FUA
}
