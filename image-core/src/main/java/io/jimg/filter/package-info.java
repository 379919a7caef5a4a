/** Drivers of images that stand on one other image: throttle, copy-on-read, compress. */
@NullMarked
package io.jimg.filter;

import org.jspecify.annotations.NullMarked;
