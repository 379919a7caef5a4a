/** The process around a command: its streams, its exit code, its failures, the signal that ends it. */
@NullMarked
package io.jimg.cli.process;

import org.jspecify.annotations.NullMarked;
