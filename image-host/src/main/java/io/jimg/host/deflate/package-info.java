/** Libraries that compress: the host's fast one, and Java's. */
@NullMarked
package io.jimg.host.deflate;

import org.jspecify.annotations.NullMarked;
