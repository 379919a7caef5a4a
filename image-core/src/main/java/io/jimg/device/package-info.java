/** Devices that stand on another device and change one thing about it. */
@NullMarked
package io.jimg.device;

import org.jspecify.annotations.NullMarked;
