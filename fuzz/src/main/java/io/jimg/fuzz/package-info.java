/**
 * Fuzz targets: each makes a hostile image out of some bytes, does to it what a user can do, and sees to it that what
 * jimg promises of hostile images holds.
 */
@NullMarked
package io.jimg.fuzz;

import org.jspecify.annotations.NullMarked;
