/**
 * The image's header, its extensions and the directories it points to, as values: parsed from bytes and turned into
 * bytes, without input or output.
 */
@NullMarked
package io.jimg.qcow2.header;

import org.jspecify.annotations.NullMarked;
