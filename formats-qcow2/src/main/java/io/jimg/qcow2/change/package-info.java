/**
 * Changes of an image's metadata that need the image to themselves: snapshots, resize, amend, bitmaps, names in the
 * header. Each is a class that works on an {@link io.jimg.qcow2.change.ExclusiveFile} and knows no cache.
 */
@NullMarked
package io.jimg.qcow2.change;

import org.jspecify.annotations.NullMarked;
