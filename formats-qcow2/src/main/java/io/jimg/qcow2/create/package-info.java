/** New images: what was asked for, checked; empty images; images that are written forwards, once. */
@NullMarked
package io.jimg.qcow2.create;

import org.jspecify.annotations.NullMarked;
