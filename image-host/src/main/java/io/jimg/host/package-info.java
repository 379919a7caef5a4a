/** The host's own calls, where they can be made. */
@NullMarked
package io.jimg.host;

import org.jspecify.annotations.NullMarked;
