/** Another size for the guest's disk: growing, with or without clusters reserved for the new part, and shrinking. */
@NullMarked
package io.jimg.qcow2.resize;

import org.jspecify.annotations.NullMarked;
