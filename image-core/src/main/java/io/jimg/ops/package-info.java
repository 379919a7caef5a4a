/**
 * The operations on images: each a class that the command line and a library user call alike, giving a
 * {@link io.jimg.Job}.
 */
@NullMarked
package io.jimg.ops;

import org.jspecify.annotations.NullMarked;
