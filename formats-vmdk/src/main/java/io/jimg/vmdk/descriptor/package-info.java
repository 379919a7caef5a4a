/** The text that describes a disk: what it is a copy of, and which extents it is made of. */
@NullMarked
package io.jimg.vmdk.descriptor;

import org.jspecify.annotations.NullMarked;
