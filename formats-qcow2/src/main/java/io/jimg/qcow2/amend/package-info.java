/**
 * Changes of what an image is: its version and what goes with it. Each is a
 * {@link io.jimg.qcow2.change.MetadataChange}.
 */
@NullMarked
package io.jimg.qcow2.amend;

import org.jspecify.annotations.NullMarked;
