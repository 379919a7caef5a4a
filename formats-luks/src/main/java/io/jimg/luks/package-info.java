/** The LUKS format: a disk that is encrypted as a whole. */
@NullMarked
package io.jimg.luks;

import org.jspecify.annotations.NullMarked;
