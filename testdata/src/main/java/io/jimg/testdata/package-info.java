/** Golden images: what real tools made, and what they say of it. */
@NullMarked
package io.jimg.testdata;

import org.jspecify.annotations.NullMarked;
