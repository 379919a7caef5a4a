/** Extents whose grains are allocated as they are written: their headers, tables and grains. */
@NullMarked
package io.jimg.vmdk.sparse;

import org.jspecify.annotations.NullMarked;
