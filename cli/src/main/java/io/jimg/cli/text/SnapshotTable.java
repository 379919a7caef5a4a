package io.jimg.cli.text;

import io.jimg.capability.Snapshots.Snapshot;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/** The table of internal snapshots, as {@code info} and {@code snapshot -l} print it. */
public final class SnapshotTable {
    private static final long NANOSECONDS = 1_000_000_000L;
    private static final long MILLISECONDS = 1_000_000L;

    private SnapshotTable() {}

    /** The head and a line for each, in local time, without line feeds. */
    public static List<String> rows(List<Snapshot> snapshots) {
        List<String> rows = new ArrayList<>();
        rows.add(row("ID", "TAG", "VM_SIZE", "DATE", "VM_CLOCK", "ICOUNT"));
        for (Snapshot snapshot : snapshots) {
            rows.add(row(
                    snapshot.id(),
                    snapshot.name(),
                    HumanSize.of(snapshot.vmStateSize()),
                    date(snapshot.seconds()),
                    clock(snapshot.vmClockNanoseconds()),
                    snapshot.icount() < 0 ? "--" : Long.toString(snapshot.icount())));
        }
        return rows;
    }

    private static String row(String id, String tag, String size, String date, String clock, String icount) {
        StringBuilder text = new StringBuilder();
        left(text, id, 7);
        left(text, tag, 16);
        right(text, size, 8);
        right(text, date, 20);
        right(text, clock, 16);
        right(text, icount, 11);
        return text.toString();
    }

    /** A column flush left, and the space after it. */
    private static void left(StringBuilder text, String value, int width) {
        text.append(value);
        pad(text, width - length(value));
        text.append(' ');
    }

    /** A column flush right. */
    private static void right(StringBuilder text, String value, int width) {
        pad(text, width - length(value));
        text.append(value);
    }

    private static void pad(StringBuilder text, int spaces) {
        for (int i = 0; i < spaces; i++) {
            text.append(' ');
        }
    }

    /** C counts bytes. */
    private static int length(String value) {
        return value.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
    }

    private static String date(long seconds) {
        LocalDateTime local = LocalDateTime.ofInstant(Instant.ofEpochSecond(seconds), ZoneId.systemDefault());
        return digits(local.getYear(), 4)
                + '-'
                + digits(local.getMonthValue(), 2)
                + '-'
                + digits(local.getDayOfMonth(), 2)
                + ' '
                + digits(local.getHour(), 2)
                + ':'
                + digits(local.getMinute(), 2)
                + ':'
                + digits(local.getSecond(), 2);
    }

    private static String clock(long nanoseconds) {
        long seconds = nanoseconds / NANOSECONDS;
        return digits(seconds / 3600, 4)
                + ':'
                + digits(seconds / 60 % 60, 2)
                + ':'
                + digits(seconds % 60, 2)
                + '.'
                + digits(nanoseconds % NANOSECONDS / MILLISECONDS, 3);
    }

    private static String digits(long number, int width) {
        StringBuilder text = new StringBuilder(Long.toString(number));
        while (text.length() < width) {
            text.insert(0, '0');
        }
        return text.toString();
    }
}
