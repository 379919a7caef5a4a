/** Internal snapshots: the table read and written, and the three changes of it. */
@NullMarked
package io.jimg.qcow2.snapshot;

import org.jspecify.annotations.NullMarked;
