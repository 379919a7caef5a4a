/**
 * From guest offsets to host offsets: geometry, L1 table, L2 entries and their cache. Nothing here allocates host
 * space.
 */
@NullMarked
package io.jimg.qcow2.mapping;

import org.jspecify.annotations.NullMarked;
