/**
 * The transport {@code vhost-user-blk}: a virtual machine monitor in another process passes its guest's memory and
 * events over a Unix socket, and the guest's requests are served right there. Needs Linux, Java 22 or newer, and native
 * access.
 */
@NullMarked
package io.jimg.vmm.vhost;

import org.jspecify.annotations.NullMarked;
