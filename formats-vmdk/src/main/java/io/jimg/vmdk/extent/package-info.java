/** Extents of every kind, as the image above them sees them. */
@NullMarked
package io.jimg.vmdk.extent;

import org.jspecify.annotations.NullMarked;
