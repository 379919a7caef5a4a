/** Benchmarks of jimg. */
@NullMarked
package io.jimg.benchmarks;

import org.jspecify.annotations.NullMarked;
