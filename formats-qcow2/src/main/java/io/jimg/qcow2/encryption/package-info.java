/** Guest data that is encrypted (specification: "Data encryption"): its keys, and the way of its bytes. */
@NullMarked
package io.jimg.qcow2.encryption;

import org.jspecify.annotations.NullMarked;
