/** Faults of the host under every operation. */
package io.jimg.all.faults;
