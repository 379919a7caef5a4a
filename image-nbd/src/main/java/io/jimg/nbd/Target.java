package io.jimg.nbd;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client connects to.
 *
 * @param address of the server
 * @param export empty for the default export
 * @param contexts names of the contexts of metadata to be chosen
 * @param tls null for none
 */
record Target(
        NbdAddress address,
        String export,
        List<String> contexts,
        @Nullable ClientTls tls) {

    String url() {
        return address.url(export);
    }
}
