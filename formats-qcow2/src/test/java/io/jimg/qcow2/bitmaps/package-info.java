@NullMarked
package io.jimg.qcow2.bitmaps;

import org.jspecify.annotations.NullMarked;
