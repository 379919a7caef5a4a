/** Credentials for TLS: X.509 certificates from a folder of PEM files. */
@NullMarked
package io.jimg.nbd.tls;

import org.jspecify.annotations.NullMarked;
