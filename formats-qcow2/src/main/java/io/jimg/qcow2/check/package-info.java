/** The check of an image's metadata: every reference to a host cluster is counted and held against the refcounts. */
@NullMarked
package io.jimg.qcow2.check;

import org.jspecify.annotations.NullMarked;
