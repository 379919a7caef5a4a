/** What client and server share: the protocol's numbers, its errors, and bytes over a socket. */
@NullMarked
package io.jimg.nbd.wire;

import org.jspecify.annotations.NullMarked;
