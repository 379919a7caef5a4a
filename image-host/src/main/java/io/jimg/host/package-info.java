/** What is common to all calls of the host: their errors, and its memory. */
@NullMarked
package io.jimg.host;

import org.jspecify.annotations.NullMarked;
