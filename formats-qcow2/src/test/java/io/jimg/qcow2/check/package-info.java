@NullMarked
package io.jimg.qcow2.check;

import org.jspecify.annotations.NullMarked;
