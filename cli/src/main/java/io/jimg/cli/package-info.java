/** The command line. */
@NullMarked
package io.jimg.cli;

import org.jspecify.annotations.NullMarked;
