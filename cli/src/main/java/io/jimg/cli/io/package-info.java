/** The other program: commands that read, write and look at one image piece by piece, behind the words of qemu-io. */
@NullMarked
package io.jimg.cli.io;

import org.jspecify.annotations.NullMarked;
