/** Files and their locks, by the calls that the Java platform does not have. */
@NullMarked
package io.jimg.host.file;

import org.jspecify.annotations.NullMarked;
