/** The commands: one class for each, found in {@link io.jimg.cli.commands.Commands}. */
@NullMarked
package io.jimg.cli.commands;

import org.jspecify.annotations.NullMarked;
