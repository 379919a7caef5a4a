/** Linux's system calls by {@code java.lang.foreign}: one door, and whether it is open. Not for other modules. */
@NullMarked
package io.jimg.host.kernel;

import org.jspecify.annotations.NullMarked;
