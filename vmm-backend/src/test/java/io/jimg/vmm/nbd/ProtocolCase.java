package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.Transmission;
import java.io.IOException;

/**
 * A case of the protocol's document, and how those that are alike are made of a line.
 *
 * @param script what a client does
 * @param expected what we answer
 * @param fromThem what QEMU's server answers
 */
record ProtocolCase(String name, Script script, String expected, String fromThem) {
    /** What today's clients say first. */
    static final int NEWSTYLE = Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES;

    private static final byte[] NONE = {};

    /** What a client does, and its record of what it got. */
    @FunctionalInterface
    interface Script {
        String run(NbdAddress server) throws IOException;
    }

    ProtocolCase(String name, String expected, Script script) {
        this(name, script, expected, expected);
    }

    static ProtocolCase options(String name, String expected, int option, byte[] data) {
        return options(name, expected, expected, option, data);
    }

    static ProtocolCase options(String name, String expected, String fromThem, int option, byte[] data) {
        Script script = server -> {
            try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                String answer = AnswerText.print(client.ask(option, data), client);
                if (option == Handshake.OPT_ABORT) {
                    return answer + "; " + AnswerText.end(client);
                }
                // After each of them, one may go on.
                assertThat(client.ask(Handshake.OPT_LIST, NONE)).hasSize(3);
                return answer;
            }
        };
        return new ProtocolCase(name, script, expected, fromThem);
    }

    static ProtocolCase contexts(String name, String expected, int option, String... queries) {
        return new ProtocolCase(name, expected, server -> {
            try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE);
                return AnswerText.print(client.ask(option, RawClient.queries("disk", queries)), client);
            }
        });
    }

    static ProtocolCase request(
            Replies form,
            String name,
            String expected,
            int flags,
            int command,
            long offset,
            long length,
            int... payload) {
        return request("disk", form, name, expected, flags, command, offset, length, payload);
    }

    static ProtocolCase fixed(
            Replies form,
            String name,
            String expected,
            int flags,
            int command,
            long offset,
            long length,
            int... payload) {
        return request("fixed", form, name + ", read-only", expected, flags, command, offset, length, payload);
    }

    static ProtocolCase request(
            String export,
            Replies form,
            String name,
            String expected,
            int flags,
            int command,
            long offset,
            long length,
            int... payload) {
        Script script = server -> {
            try (RawClient client = new RawClient(server).begin(export, form)) {
                byte[] bytes = new byte[payload.length];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) payload[i];
                }
                boolean counted = form == Replies.EXTENDED && command == Transmission.CMD_WRITE;
                client.request(counted ? flags | Transmission.FLAG_PAYLOAD_LEN : flags, command, offset, length, bytes);
                String answer = AnswerText.print(client.answer(command == Transmission.CMD_READ ? (int) length : 0));
                client.request(0, Transmission.CMD_FLUSH, 0, 0);
                assertThat(client.answer(0)).as("what comes next").hasSize(1);
                // Both forms are right where nothing is carried.
                return answer.matches("none|simple 0") ? "done" : answer;
            }
        };
        return new ProtocolCase(
                form + ": " + name, script, expected, expected.replaceFirst("^(simple|error) [1-9][0-9]*$", "$1 22"));
    }

    static ProtocolCase told(
            Replies form,
            String name,
            String expected,
            int flags,
            int command,
            long offset,
            long length,
            String... contexts) {
        return told(form, name, expected, expected, flags, command, offset, length, contexts);
    }

    static ProtocolCase told(
            Replies form,
            String name,
            String expected,
            String fromThem,
            int flags,
            int command,
            long offset,
            long length,
            String... contexts) {
        Script script = server -> {
            try (RawClient client = new RawClient(server).begin("fixed".equals(name) ? name : "disk", form, contexts)) {
                client.request(flags, command, offset, length);
                return AnswerText.tell(client.answer(0));
            }
        };
        return new ProtocolCase(name, script, expected, fromThem);
    }
}
