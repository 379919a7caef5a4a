package io.jimg.qcow2.check;

import io.jimg.capability.CheckReport.Finding;
import io.jimg.capability.CheckReport.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Sentences in the order found, up to a cap; those beyond are counted, and not even made. Not safe for threads. */
final class Findings {
    private final List<Finding> list = new ArrayList<>();
    private final int cap;
    private long leftOut;
    private long leaks;
    private long corruptions;
    private long checkErrors;

    Findings(int cap) {
        this.cap = cap;
    }

    /** An error, found so many times. */
    void corruption(long times, Supplier<String> sentence) {
        corruptions += times;
        add(Severity.ERROR, times, sentence);
    }

    /** A leaked cluster. */
    void leak(Supplier<String> sentence) {
        leaks++;
        add(Severity.LEAK, 1, sentence);
    }

    /** Leaked clusters whose sentences are left out. */
    void leaksLeftOut(long times) {
        leaks += times;
        leftOut += times;
    }

    /** A step of the check that failed. */
    void checkError(Supplier<String> sentence) {
        checkErrors++;
        add(Severity.ERROR, 1, sentence);
    }

    /** Steps of the check that failed, whose sentences are left out. */
    void checkErrorsLeftOut(long times) {
        checkErrors += times;
        leftOut += times;
    }

    /** A sentence that counts as nothing. */
    void note(String sentence) {
        add(Severity.WARNING, 1, () -> sentence);
    }

    /** Whether further sentences would be left out. */
    boolean full() {
        return list.size() >= cap;
    }

    /** Everything that another list holds, after what this one does. */
    void append(Findings other) {
        for (Finding finding : other.list) {
            add(finding.severity(), 1, finding::sentence);
        }
        leftOut += other.leftOut;
        leaks += other.leaks;
        corruptions += other.corruptions;
        checkErrors += other.checkErrors;
    }

    List<Finding> list() {
        return list;
    }

    long leftOut() {
        return leftOut;
    }

    long leaks() {
        return leaks;
    }

    long corruptions() {
        return corruptions;
    }

    long checkErrors() {
        return checkErrors;
    }

    private void add(Severity severity, long times, Supplier<String> sentence) {
        long room = Math.min(times, cap - list.size());
        if (room > 0) {
            Finding finding = new Finding(severity, sentence.get());
            for (long i = 0; i < room; i++) {
                list.add(finding);
            }
        }
        leftOut += times - Math.max(0, room);
    }
}
