/** What the author of a format or protocol driver stands on. */
@NullMarked
package io.jimg.spi;

import org.jspecify.annotations.NullMarked;
