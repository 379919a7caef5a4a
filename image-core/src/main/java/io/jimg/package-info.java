/** Block devices and disk images: what a user of the library types. */
@NullMarked
package io.jimg;

import org.jspecify.annotations.NullMarked;
