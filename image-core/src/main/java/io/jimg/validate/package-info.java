/** What a validation looks for, what it finds, and the policies that decide what of it matters. */
@NullMarked
package io.jimg.validate;

import org.jspecify.annotations.NullMarked;
