/** The open image: the way of a read and of a write, in terms of mapping and allocation. */
@NullMarked
package io.jimg.qcow2.image;

import org.jspecify.annotations.NullMarked;
