/** Checking and repairing. */
@NullMarked
package io.jimg.vmdk.check;

import org.jspecify.annotations.NullMarked;
