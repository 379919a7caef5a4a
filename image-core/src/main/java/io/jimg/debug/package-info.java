/** Storages that fail where they are told to: the driver {@code blkdebug}. */
@NullMarked
package io.jimg.debug;

import org.jspecify.annotations.NullMarked;
