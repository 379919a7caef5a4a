/** The network block device protocol (NBD) and its client as a storage. */
@NullMarked
package io.jimg.nbd;

import org.jspecify.annotations.NullMarked;
