/**
 * The command line. Rooms, each of which knows only those after it: this one (words in, exit code out), {@code help},
 * {@code commands}, {@code arguments} and {@code text}, {@code process}, {@code getopt}.
 */
@NullMarked
package io.jimg.cli;

import org.jspecify.annotations.NullMarked;
