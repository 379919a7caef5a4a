package io.jimg.testkit;

import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/**
 * Prints what tests publish of themselves, how many crash points they tried above all, each entry as a line of the
 * build's output: Surefire keeps them to itself. The JUnit launcher finds this class by itself. Safe for many threads.
 */
public final class PublishedCounts implements TestExecutionListener {

    /** For the launcher. */
    public PublishedCounts() {}

    @Override
    public void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
        String display = test.getDisplayName();
        String name = test.getSource().map(PublishedCounts::name).orElse(display);
        // Of one parameter among several, not the method's name once more.
        String which = display.startsWith("[") ? name + " " + display : name;
        entry.getKeyValuePairs().forEach((key, value) -> print(which, key, value));
    }

    private static String name(TestSource source) {
        return source instanceof MethodSource method
                ? name(method.getClassName(), method.getMethodName())
                : source.toString();
    }

    static String name(String className, String method) {
        return className.substring(className.lastIndexOf('.') + 1) + "." + method;
    }

    /** Prints the line of one count. */
    static void print(String test, String key, String value) {
        System.out.println("[count] " + test + ": " + key + ": " + value);
    }
}
