/** Host bytes that can grow: files, memory, and what else an image can lie in. */
@NullMarked
package io.jimg.storage;

import org.jspecify.annotations.NullMarked;
