/** The NBD server. */
@NullMarked
package io.jimg.vmm.nbd;

import org.jspecify.annotations.NullMarked;
