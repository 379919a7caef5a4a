/** All formats together. */
@NullMarked
package io.jimg.all;

import org.jspecify.annotations.NullMarked;
