/** The raw format. */
@NullMarked
package io.jimg.raw;

import org.jspecify.annotations.NullMarked;
