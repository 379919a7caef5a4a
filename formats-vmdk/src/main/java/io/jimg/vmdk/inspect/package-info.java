/** What is worth knowing of a file before it is opened as an image. */
@NullMarked
package io.jimg.vmdk.inspect;

import org.jspecify.annotations.NullMarked;
