/** What commands print for people: tables, sizes, bars. */
@NullMarked
package io.jimg.cli.text;

import org.jspecify.annotations.NullMarked;
