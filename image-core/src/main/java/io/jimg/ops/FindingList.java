package io.jimg.ops;

import io.jimg.validate.Finding;
import io.jimg.validate.Inspection;
import io.jimg.validate.Place;
import io.jimg.validate.Policy;
import io.jimg.validate.Rule;
import io.jimg.validate.Severity;
import io.jimg.validate.Validation;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Keeps what a policy cares about, of each rule no more than a report can use. Safe for many threads. */
final class FindingList implements Inspection {
    private final Policy policy;
    private final List<Finding> findings = new ArrayList<>();
    private final Map<Rule, Integer> counts = new EnumMap<>(Rule.class);
    private long leftOut;

    FindingList(Policy policy) {
        this.policy = policy;
    }

    @Override
    public synchronized void found(Rule rule, Place place, String sentence) {
        Severity severity = policy.severity(rule);
        if (severity == Severity.OFF) {
            return;
        }
        if (counts.merge(rule, 1, Integer::sum) > Validation.MOST_OF_A_RULE) {
            leftOut++;
            return;
        }
        findings.add(new Finding(rule, severity, place, sentence));
    }

    @Override
    public void measured(Rule rule, long value, Place place, String what) {
        long limit = policy.limit(rule);
        if (value < 0 || value > limit) {
            String unit = switch (rule.unit()) {
                case BYTES -> " bytes";
                case RATIO -> " times the bytes of the file";
                case COUNT, NONE -> "";
            };
            found(
                    rule,
                    place,
                    what + " takes " + Long.toUnsignedString(value) + unit + ", more than the " + limit
                            + " that the policy allows");
        }
    }

    synchronized List<Finding> findings() {
        return List.copyOf(findings);
    }

    synchronized long leftOut() {
        return leftOut;
    }
}
