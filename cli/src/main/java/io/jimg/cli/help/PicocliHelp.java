package io.jimg.cli.help;

import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Commands;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.process.Console;
import java.util.List;
import java.util.Locale;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Help and completion by picocli, from the tables that the parser uses. Loaded for nothing else. */
final class PicocliHelp {
    private PicocliHelp() {}

    /** Prints what the program can do. */
    static void program(Console console) {
        print(console, all(console));
    }

    /** Prints what a command can do. */
    static void command(Console console, String name, Command command) {
        CommandLine program = all(console);
        print(console, program.getSubcommands().getOrDefault(name, new CommandLine(spec(name, command))));
    }

    /** Prints a script that completes command lines in bash and zsh. */
    static void completion(Console console) {
        console.out().print(AutoComplete.bash(console.program(), all(console)).replace("\r\n", "\n"));
    }

    private static void print(Console console, CommandLine what) {
        what.setColorScheme(CommandLine.Help.defaultColorScheme(colours(console)));
        console.out().print(what.getUsageMessage().replace("\r\n", "\n"));
    }

    /** Colours only where somebody looks at them and does not say, by NO_COLOR, that they are unwelcome. */
    private static CommandLine.Help.Ansi colours(Console console) {
        String unwelcome = System.getenv("NO_COLOR");
        boolean welcome = console.terminal() && (unwelcome == null || unwelcome.isEmpty());
        return welcome ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF;
    }

    private static CommandLine all(Console console) {
        CommandSpec program = CommandSpec.create().name(console.program());
        program.parser().separator(" ");
        program.usageMessage().description("Creates, converts, inspects and checks disk images.");
        for (OptionSpec option : SharedOptions.PROGRAM) {
            program.addOption(option(option));
        }
        for (String name : Commands.names(console.speaksFreely())) {
            Command command = Commands.find(name);
            if (command != null) {
                program.addSubcommand(name, spec(name, command));
            }
        }
        program.addSubcommand(CompletionCommand.NAME, spec(CompletionCommand.NAME, new CompletionCommand()));
        program.usageMessage()
                .footer(
                        "",
                        "Formats: " + String.join(" ", Help.formats()),
                        "Run '" + console.program() + " COMMAND --help' for a command's options.");
        return new CommandLine(program);
    }

    private static CommandSpec spec(String name, Command command) {
        CommandSpec spec = CommandSpec.create().name(name);
        spec.parser().separator(" ");
        spec.usageMessage()
                .description(command.summary() + '.')
                .abbreviateSynopsis(true)
                .footer("", "Example:", "  " + Examples.of(name), "", "--json prints the result as a JSON document.");
        for (OptionSpec option : command.options()) {
            spec.addOption(option(option));
        }
        if (!command.operands().isEmpty()) {
            spec.addPositional(PositionalParamSpec.builder()
                    .paramLabel(command.operands())
                    .hideParamSyntax(true)
                    .arity("0..*")
                    .type(String[].class)
                    .build());
        }
        return spec;
    }

    /** What a shell proposes for an argument of that name. */
    private static Iterable<String> candidates(String argument) {
        return switch (argument.toLowerCase(Locale.ROOT)) {
            case "fmt", "output_fmt", "backing_fmt", "source_fmt" -> Help.formats();
            case "cache" -> List.of("none", "writeback", "writethrough", "directsync", "unsafe");
            case "human|json" -> List.of("human", "json");
            case "leaks|all" -> List.of("leaks", "all");
            case "off|metadata|falloc|full" -> List.of("off", "metadata", "falloc", "full");
            default -> List.of();
        };
    }

    private static CommandLine.Model.OptionSpec option(OptionSpec option) {
        String letter = "-" + option.letter();
        String longName = "--" + option.longName();
        String[] names = option.letter() == 0
                ? new String[] {longName}
                : option.longName() == null ? new String[] {letter} : new String[] {letter, longName};
        CommandLine.Model.OptionSpec.Builder builder = CommandLine.Model.OptionSpec.builder(names)
                .description(option.help())
                .usageHelp(option.letter() == 'h');
        String argument = option.argument();
        return argument == null
                ? builder.arity("0").type(boolean.class).build()
                : builder.arity("1")
                        .type(String.class)
                        .paramLabel(argument)
                        .completionCandidates(candidates(argument))
                        .build();
    }
}
