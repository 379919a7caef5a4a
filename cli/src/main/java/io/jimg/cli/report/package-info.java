/** What validations are told in. */
@NullMarked
package io.jimg.cli.report;

import org.jspecify.annotations.NullMarked;
