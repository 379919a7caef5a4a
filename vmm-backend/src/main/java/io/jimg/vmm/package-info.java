/** The hook for transports that feed block devices to virtual machine monitors. */
@NullMarked
package io.jimg.vmm;

import org.jspecify.annotations.NullMarked;
