package io.jimg.cli.io;

import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.process.Console;
import java.util.List;

/** {@code help}. */
final class HelpCommand {
    private HelpCommand() {}

    static IoCommand help() {
        return new SimpleCommand(
                new Syntax("help", "?", 0, 1, "[command]", "help for one or all commands"), false, HelpCommand::help);
    }

    private static void help(Session session, List<String> operands) throws IoFailure {
        Console console = session.console();
        if (operands.isEmpty()) {
            for (String name : IoCommands.NAMES) {
                IoCommand command = IoCommands.find(name);
                if (command != null) {
                    console.line(command.syntax().line());
                }
            }
            console.line("");
            console.line("Use 'help commandname' for extended help.");
            return;
        }
        IoCommand command = IoCommands.find(operands.get(0));
        if (command == null) {
            throw IoFailure.result("command " + operands.get(0) + " not found");
        }
        console.line(command.syntax().line());
        if (!command.help().isEmpty()) {
            console.line("");
            for (String line : command.help()) {
                console.line(line.isEmpty() ? "" : ' ' + line);
            }
            for (OptionSpec option : command.options()) {
                console.line(" -" + option.letter() + ", -- " + option.help());
            }
            console.line("");
        }
    }
}
