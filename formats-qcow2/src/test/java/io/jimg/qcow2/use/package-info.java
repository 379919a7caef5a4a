@NullMarked
package io.jimg.qcow2.use;

import org.jspecify.annotations.NullMarked;
