/** What processes share: sockets that pass descriptors, events and memory. */
@NullMarked
package io.jimg.host.ipc;

import org.jspecify.annotations.NullMarked;
