/** An L1 table with all that it refers to, taken as a whole: read, counted, copied, given back. Knows no cache. */
@NullMarked
package io.jimg.qcow2.tree;

import org.jspecify.annotations.NullMarked;
