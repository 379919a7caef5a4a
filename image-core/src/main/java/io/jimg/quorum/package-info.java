/** The driver {@code quorum}: several copies of the same bytes, and what most of them say. */
@NullMarked
package io.jimg.quorum;

import org.jspecify.annotations.NullMarked;
