package io.jimg.debug;

import io.jimg.storage.StorageEvent;

/**
 * An event leads from one state to another.
 *
 * @param event the event
 * @param state the state that the rule holds in; 0 for any
 * @param newState the state afterwards
 */
record StateRule(StorageEvent event, long state, long newState) {}
