/** What is worth knowing of a file before it is opened as an image. */
@NullMarked
package io.jimg.qcow2.inspect;

import org.jspecify.annotations.NullMarked;
