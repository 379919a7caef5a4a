/**
 * Turns names and options into open images: which driver, which file, which backing file, and whether the gate permits
 * it.
 */
@NullMarked
package io.jimg.graph;

import org.jspecify.annotations.NullMarked;
