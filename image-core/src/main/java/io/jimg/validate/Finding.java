package io.jimg.validate;

/**
 * Something that a validation found.
 *
 * @param rule which rule
 * @param severity what the policy makes of it; never {@link Severity#OFF}
 * @param place where
 * @param sentence what is there, for people, without full stop; names that an image holds stand in it with their
 *     control characters escaped
 */
public record Finding(Rule rule, Severity severity, Place place, String sentence) {

    /** What to do about it: the rule's {@link Rule#remedy()}. */
    public String remedy() {
        return rule.remedy();
    }
}
