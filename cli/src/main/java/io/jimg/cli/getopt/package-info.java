/** Reading a command's words as {@code getopt_long} does. */
@NullMarked
package io.jimg.cli.getopt;

import org.jspecify.annotations.NullMarked;
