/**
 * Persistent dirty bitmaps: their tables and bits, what changes them, and the recording of an open image's own writes.
 */
@NullMarked
package io.jimg.qcow2.bitmaps;

import org.jspecify.annotations.NullMarked;
