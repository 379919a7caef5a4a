/** New images: empty ones, and ones that are written forwards. */
@NullMarked
package io.jimg.vmdk.create;

import org.jspecify.annotations.NullMarked;
