/** What words stand for: images, sizes, lists of options, secrets. Knows no command. */
@NullMarked
package io.jimg.cli.arguments;

import org.jspecify.annotations.NullMarked;
