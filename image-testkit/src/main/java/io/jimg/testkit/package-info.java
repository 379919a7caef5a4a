/** Contracts, faulty storages and oracles for tests. */
@NullMarked
package io.jimg.testkit;

import org.jspecify.annotations.NullMarked;
