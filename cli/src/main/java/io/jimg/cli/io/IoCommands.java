package io.jimg.cli.io;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands by name. Finding one makes no other. */
final class IoCommands {
    /** All names, in alphabetical order. */
    static final List<String> NAMES = List.of(
            "abort",
            "aio_flush",
            "aio_read",
            "aio_write",
            "alloc",
            "break",
            "close",
            "discard",
            "flush",
            "help",
            "info",
            "length",
            "map",
            "open",
            "quit",
            "read",
            "readv",
            "remove_break",
            "reopen",
            "resume",
            "sigraise",
            "sleep",
            "truncate",
            "wait_break",
            "write",
            "writev");

    private IoCommands() {}

    /** A fresh instance of the command that is called so; null where there is none. */
    static @Nullable IoCommand find(String name) {
        return switch (name) {
            case "abort" -> SimpleCommands.abort();
            case "aio_flush" -> SimpleCommands.aioFlush();
            case "aio_read" -> new AioReadCommand();
            case "aio_write" -> new AioWriteCommand();
            case "alloc", "a" -> AllocCommand.alloc();
            case "break" -> BreakCommands.set();
            case "close", "c" -> SimpleCommands.close();
            case "discard", "d" -> new DiscardCommand();
            case "flush", "f" -> SimpleCommands.flush();
            case "help", "?" -> HelpCommand.help();
            case "info", "i" -> SimpleCommands.info();
            case "length", "l" -> SimpleCommands.length();
            case "map" -> AllocCommand.map();
            case "open", "o" -> new OpenCommand();
            case "quit", "q" -> SimpleCommands.quit();
            case "read", "r" -> new ReadCommand();
            case "readv" -> new VectorReadCommand();
            case "remove_break" -> BreakCommands.remove();
            case "reopen" -> new ReopenCommand();
            case "resume" -> BreakCommands.resume();
            case "sigraise" -> SimpleCommands.raise();
            case "sleep" -> SimpleCommands.sleep();
            case "truncate", "t" -> new TruncateCommand();
            case "wait_break" -> BreakCommands.await();
            case "write", "w" -> new WriteCommand();
            case "writev" -> new VectorWriteCommand();
            default -> null;
        };
    }
}
