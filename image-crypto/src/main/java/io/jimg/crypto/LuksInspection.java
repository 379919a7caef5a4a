package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.validate.Names;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import java.io.IOException;

/** What is worth knowing of a LUKS header before anybody tries a passphrase on it. */
public final class LuksInspection {
    private LuksInspection() {}

    /**
     * Looks at a header; derives no key.
     *
     * @param file where it lies
     * @param start its first byte there
     * @param payloadFollows whether the payload lies behind it
     * @param inspection takes the findings
     */
    public static void inspect(Storage file, long start, boolean payloadFollows, Inspection inspection)
            throws IOException {
        if (file.size() - start < LuksHeader.LENGTH) {
            inspection.found(Rule.TRUNCATED, Place.host(file.size()), "The file ends within the LUKS header");
            return;
        }
        LuksVolume volume;
        try {
            volume = LuksVolume.open(file, start, payloadFollows);
        } catch (ImageException refused) {
            if (refused.kind() == ErrorKind.IO) {
                throw refused;
            }
            inspection.found(
                    refused.kind() == ErrorKind.UNSUPPORTED ? Rule.FORMAT_VERSION : Rule.HEADER,
                    Place.host(start),
                    Names.sentence(refused));
            return;
        }
        LuksHeader header = volume.header();
        inspection.measured(
                Rule.LUKS_ITERATIONS, volume.iterations(), Place.host(start), "Trying a passphrase on all key slots");
        for (int i = 0; i < LuksHeader.SLOTS; i++) {
            LuksKeySlot slot = header.slots().get(i);
            if (!slot.active()) {
                continue;
            }
            long end = start + slot.keyOffset() + header.materialLength();
            if (end > file.size()) {
                inspection.found(
                        Rule.TRUNCATED,
                        new Place(Place.Kind.KEY_SLOT, i),
                        "Key slot " + i + " ends at " + end + ", past the end of the file of " + file.size()
                                + " bytes");
            }
            if (slot.iterations() < KeyDerivation.LEAST_ITERATIONS) {
                inspection.found(
                        Rule.WEAK_ENCRYPTION,
                        new Place(Place.Kind.KEY_SLOT, i),
                        "Key slot " + i + " takes " + slot.iterations() + " iterations, so that a passphrase is soon"
                                + " guessed");
            }
        }
        if (payloadFollows && header.payloadOffset() > file.size()) {
            inspection.found(
                    Rule.TRUNCATED,
                    Place.host(header.payloadOffset()),
                    "The payload begins past the end of the file of " + file.size() + " bytes");
        }
    }
}
