/** The qcow2 format. */
@NullMarked
package io.jimg.qcow2;

import org.jspecify.annotations.NullMarked;
