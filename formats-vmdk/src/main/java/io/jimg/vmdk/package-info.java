/** The VMDK format: its driver and the options of new images. */
@NullMarked
package io.jimg.vmdk;

import org.jspecify.annotations.NullMarked;
