package io.jimg.qcow2.check;

import io.jimg.capability.CheckReport;
import io.jimg.capability.CheckReport.Finding;
import io.jimg.capability.CheckReport.Kind;
import io.jimg.capability.CheckReport.Severity;
import io.jimg.qcow2.header.Header;
import io.jimg.validate.Place;
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
    private long corruptionsFixed;
    private long leaksFixed;

    Findings(int cap) {
        this.cap = cap;
    }

    /** An error, found so many times. */
    void corruption(long times, Place place, Supplier<String> sentence) {
        corruptions += times;
        add(Severity.ERROR, Kind.INCONSISTENCY, times, place, sentence);
    }

    /** An error, found so many times: something lies behind the file's end. */
    void truncation(long times, Place place, Supplier<String> sentence) {
        corruptions += times;
        add(Severity.ERROR, Kind.TRUNCATION, times, place, sentence);
    }

    /** A leaked cluster. */
    void leak(Place place, Supplier<String> sentence) {
        leaks++;
        add(Severity.LEAK, Kind.INCONSISTENCY, 1, place, sentence);
    }

    /** An error that was repaired, found so many times. */
    void corruptionFixed(long times, Place place, Supplier<String> sentence) {
        corruptionsFixed += times;
        add(Severity.ERROR, Kind.INCONSISTENCY, times, place, sentence);
    }

    /** An error that was told of as repaired could not be. */
    void takeBackFixed() {
        corruptionsFixed--;
    }

    /** A leaked cluster that was given back. */
    void leakFixed(Place place, Supplier<String> sentence) {
        leaksFixed++;
        add(Severity.LEAK, Kind.INCONSISTENCY, 1, place, sentence);
    }

    /** Counts, without sentences, what a rebuilt structure has put right. */
    void countFixed(long corruptionsMore, long leaksMore) {
        corruptionsFixed += corruptionsMore;
        leaksFixed += leaksMore;
    }

    /** Leaked clusters whose sentences are left out. */
    void leaksLeftOut(long times) {
        leaks += times;
        leftOut += times;
    }

    /** A step of the check that failed. */
    void checkError(Place place, Supplier<String> sentence) {
        checkErrors++;
        add(Severity.ERROR, Kind.INCONSISTENCY, 1, place, sentence);
    }

    /** Steps of the check that failed, whose sentences are left out. */
    void checkErrorsLeftOut(long times) {
        checkErrors += times;
        leftOut += times;
    }

    /** A sentence that counts as nothing. */
    void note(Supplier<String> sentence) {
        add(Severity.WARNING, Kind.INCONSISTENCY, 1, Place.IMAGE, sentence);
    }

    /**
     * After everything was counted once more, and the refcounts follow: what was found before and is not found again
     * was repaired.
     */
    void supersede(Findings again) {
        corruptionsFixed += Math.max(0, corruptions - again.corruptions);
        leaksFixed += leaks;
        corruptions = again.corruptions;
        leaks = 0;
        checkErrors = again.checkErrors;
        appendSentences(again);
    }

    /** Whether further sentences would be left out. */
    boolean full() {
        return list.size() >= cap;
    }

    /** Everything that another list holds, after what this one does. */
    void append(Findings other) {
        appendSentences(other);
        leaks += other.leaks;
        corruptions += other.corruptions;
        checkErrors += other.checkErrors;
        corruptionsFixed += other.corruptionsFixed;
        leaksFixed += other.leaksFixed;
    }

    /**
     * The sentences of another list, which count as nothing here: what they tell is about to be put right, or told
     * again.
     */
    void appendSentences(Findings other) {
        for (Finding finding : other.list) {
            add(finding.severity(), finding.kind(), 1, finding.place(), finding::sentence);
        }
        leftOut += other.leftOut;
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

    long corruptionsFixed() {
        return corruptionsFixed;
    }

    long leaksFixed() {
        return leaksFixed;
    }

    /** Everything as a report. */
    CheckReport report(Header header, AllocationTotals totals, long highest) {
        return new CheckReport(
                list,
                leftOut,
                corruptions,
                leaks,
                checkErrors,
                corruptionsFixed,
                leaksFixed,
                (header.size() >>> header.clusterBits()) + ((header.size() & (header.clusterSize() - 1)) == 0 ? 0 : 1),
                totals.allocated(),
                totals.fragmented(),
                totals.compressed(),
                (highest + 1) << header.clusterBits());
    }

    private void add(Severity severity, Kind kind, long times, Place place, Supplier<String> sentence) {
        long room = Math.min(times, cap - list.size());
        if (room > 0) {
            Finding finding = new Finding(severity, kind, place, sentence.get());
            for (long i = 0; i < room; i++) {
                list.add(finding);
            }
        }
        leftOut += times - Math.max(0, room);
    }
}
