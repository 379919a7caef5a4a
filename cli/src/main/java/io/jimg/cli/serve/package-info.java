/** Feeding images to virtual machine monitors: the server's life from the first open to the last close. */
@NullMarked
package io.jimg.cli.serve;

import org.jspecify.annotations.NullMarked;
