/** Compressing and decompressing single clusters. */
@NullMarked
package io.jimg.qcow2.compression;

import org.jspecify.annotations.NullMarked;
