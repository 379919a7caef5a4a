/** The raw format: a guest's bytes as they are in the file. */
@NullMarked
package io.jimg.raw;

import org.jspecify.annotations.NullMarked;
