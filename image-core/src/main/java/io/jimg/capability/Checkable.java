package io.jimg.capability;

import io.jimg.Job;

/** An image whose metadata can be checked for consistency. */
public interface Checkable {

    /** A check of the whole image, which changes nothing. */
    Job<CheckReport> check();
}
