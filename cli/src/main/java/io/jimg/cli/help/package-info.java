/** What the program tells about itself, from the tables that the parser uses: help, version, completion. */
@NullMarked
package io.jimg.cli.help;

import org.jspecify.annotations.NullMarked;
