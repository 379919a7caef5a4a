package io.jimg.qcow2.check;

import static io.jimg.qcow2.check.ImageBytes.COPIED;
import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.use.Opening;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writes to images whose damage has them overwrite metadata: refused, or not, as the real tools do, with their
 * sentence, and marked corrupt where they mark.
 */
class OverlapGuardTest {
    private static final Pattern SENTENCE = Pattern.compile("qcow2: (Marking image as corrupt: .*)");
    private static final long TABLE_SIZE = 65536;

    @TempDir
    private Path folder;

    private final QemuOracle oracle = QemuOracle.assumePresent();

    /** What a write came to. */
    private record End(boolean written, String sentence, boolean corrupt) {}

    private ImageBytes sound() throws IOException {
        return ImageBytes.make(
                oracle,
                folder,
                "",
                "1M",
                "write -P 1 0 192k",
                "snapshot -c s IMAGE",
                "write -P 2 0 64k",
                "bitmap --add IMAGE b");
    }

    /** Where each sort of metadata lies, by QEMU's name in options. */
    private static Map<String, Long> places(ImageBytes image) {
        Map<String, Long> places = new LinkedHashMap<>();
        places.put("active-l1", image.l1(0));
        places.put("active-l2", image.l2(0));
        places.put("refcount-table", image.refcountTable(0));
        places.put("refcount-block", image.refcount(0));
        places.put("snapshot-table", image.snapshots());
        long inactive = image.get(image.snapshots());
        places.put("inactive-l1", inactive);
        places.put("inactive-l2", image.get(inactive) & L2Scan.OFFSET_MASK);
        places.put("bitmap-directory", image.get(image.extension(0x23852875) + 16));
        return places;
    }

    private static List<String> options(String section) {
        return List.of(
                "overlap-check=cached",
                "overlap-check.template=constant",
                "overlap-check=none",
                "overlap-check=all",
                "overlap-check=none,overlap-check." + section + "=on",
                "overlap-check.template=all,overlap-check." + section + "=off");
    }

    @Test
    void aMappingThatTakesMetadataForTheGuests() throws IOException {
        ImageBytes sound = sound();
        List<String> different = new ArrayList<>();
        places(sound).forEach((section, place) -> {
            for (String options : options(section)) {
                compare(sound.copy().put(sound.l2(0), COPIED | place), options, section, 0, different);
            }
        });
        assertThat(different).isEmpty();
    }

    @Test
    void refcountsThatCallMetadataFree() throws IOException {
        ImageBytes sound = sound();
        List<String> different = new ArrayList<>();
        Map<String, Long> places = new LinkedHashMap<>(Map.of("main-header", 0L));
        places.putAll(places(sound));
        places.forEach((section, place) -> {
            for (String options : section.equals("main-header") ? List.of("overlap-check=cached") : options(section)) {
                ImageBytes damaged = sound.copy().put(sound.refcount((int) (place / TABLE_SIZE)), 2, 0);
                compare(damaged, options, section, 512 << 10, different);
            }
        });
        assertThat(different).isEmpty();
    }

    /** Theirs is found when the cache is written, after the write was called done: then another name may be told. */
    @Test
    void tablesThatLieInOthers() throws IOException {
        ImageBytes sound = sound();
        for (Map.Entry<String, Long> place : places(sound).entrySet()) {
            if (!place.getKey().equals("active-l2")) {
                ImageBytes damaged = sound.copy().put(sound.l1(0), COPIED | place.getValue());
                End theirs = theirs(damaged, "overlap-check=all", 512 << 10);
                End ours = ours(damaged, "overlap-check=all", 512 << 10);
                assertThat(theirs.corrupt()).as("theirs: %s %s", place, theirs).isTrue();
                assertThat(ours.corrupt()).as("ours: %s %s", place, ours).isTrue();
                assertThat(ours.written()).as("ours: %s %s", place, ours).isFalse();
            }
        }
    }

    private void compare(ImageBytes damaged, String options, String name, long at, List<String> different) {
        try {
            End theirs = theirs(damaged, options, at);
            End ours = ours(damaged, options, at);
            if (!ours.equals(theirs)) {
                different.add(name + " " + options + "\n  theirs " + theirs + "\n  ours   " + ours);
            }
        } catch (IOException | RuntimeException failure) {
            throw new AssertionError(name + " " + options, failure);
        }
    }

    private End theirs(ImageBytes damaged, String options, long at) throws IOException {
        Path file = damaged.save(folder.resolve("theirs.qcow2"));
        Tool.Result result = oracle.io("-c", "open -o " + options + " " + file, "-c", "write -P 3 " + at + " 512");
        Matcher sentence = SENTENCE.matcher(result.stderr() + result.stdout());
        return new End(
                result.stdout().contains("wrote 512/512"),
                sentence.find() ? sentence.group(1) : "",
                corrupt(ImageBytes.read(file)));
    }

    private End ours(ImageBytes damaged, String options, long at) throws IOException {
        MemoryStorage storage = damaged.copy().storage();
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.split(",")) {
            text = text.with(option.split("=")[0], option.split("=")[1]);
        }
        Options parsed = Qcow2OpenOptions.SCHEMA.parse(text);
        byte[] data = new byte[512];
        Arrays.fill(data, (byte) 3);
        String sentence = "";
        boolean written = false;
        try (DiskImage image = Opening.forWriting().with(parsed).open(new KeptStorage(storage))) {
            image.write(ByteBuffer.wrap(data), at);
            written = true;
            image.flush();
        } catch (ImageException refused) {
            Matcher matcher = SENTENCE.matcher(String.valueOf(refused.getMessage()));
            sentence = matcher.find() ? matcher.group(1) : "";
        }
        return new End(written, sentence, corrupt(ImageBytes.of(storage)));
    }

    private static boolean corrupt(ImageBytes image) {
        return (image.get(HeaderFields.INCOMPATIBLE_FEATURES) & 2) != 0;
    }
}
