/** An open image: its extents side by side, above its parent. */
@NullMarked
package io.jimg.vmdk.image;

import org.jspecify.annotations.NullMarked;
