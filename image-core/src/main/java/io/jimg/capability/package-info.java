/**
 * What an image may be able to do beyond a block device: interfaces that {@link io.jimg.DiskImage#capability} answers.
 */
@NullMarked
package io.jimg.capability;

import org.jspecify.annotations.NullMarked;
