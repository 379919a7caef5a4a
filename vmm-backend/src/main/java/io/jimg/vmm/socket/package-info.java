/** What the transports share about Unix sockets. */
@NullMarked
package io.jimg.vmm.socket;

import org.jspecify.annotations.NullMarked;
