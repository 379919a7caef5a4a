/** Runs the fuzz targets. */
@NullMarked
package io.jimg.fuzz;

import org.jspecify.annotations.NullMarked;
