/**
 * The pipeline that reads disks and writes them elsewhere; what operations that move content stand on. Not exported.
 */
@NullMarked
package io.jimg.copy;

import org.jspecify.annotations.NullMarked;
