/**
 * Host space: refcounts and their cache, the allocator of clusters, and clusters that wait to be freed. Nothing here
 * knows what clusters are for.
 */
@NullMarked
package io.jimg.qcow2.allocation;

import org.jspecify.annotations.NullMarked;
