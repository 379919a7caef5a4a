package io.jimg.testkit;

import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Prints of each property of jqwik how many times it was tried, beside what {@link PublishedCounts} prints. jqwik finds
 * this class by itself. Safe for many threads.
 */
public final class CountedProperties implements AroundPropertyHook {

    /** For jqwik. */
    public CountedProperties() {}

    @Override
    public PropertyExecutionResult aroundProperty(PropertyLifecycleContext context, PropertyExecutor property) {
        PropertyExecutionResult result = property.execute();
        PublishedCounts.print(
                PublishedCounts.name(
                        context.containerClass().getName(),
                        context.targetMethod().getName()),
                "tries",
                Integer.toString(result.countTries()));
        return result;
    }

    @Override
    public PropagationMode propagateTo() {
        return PropagationMode.ALL_DESCENDANTS;
    }
}
