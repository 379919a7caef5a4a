package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.capability.Repairable;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random damage to the metadata of varied images; the real check must say the same, word by word, and our repair must
 * bring an image to where the real one does. The system properties {@code jimg.damage.rounds} and
 * {@code jimg.repair.rounds} set the number of damaged images, {@code jimg.damage.seed} the first seed.
 */
class RandomDamageTest {
    private static final int ROUNDS = Integer.getInteger("jimg.damage.rounds", 120);
    private static final int REPAIRS = Integer.getInteger("jimg.repair.rounds", 60);
    private static final long SEED = Long.getLong("jimg.damage.seed", 1);

    @TempDir
    Path folder;

    @Test
    void bothChecksAgree() throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        damage(oracle, ROUNDS, (image, random) -> BothChecks.agree(oracle, image, folder.resolve("image.qcow2")));
    }

    @Test
    void bothRepairsComeToTheSame(TestReporter reporter) throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        BothRepairs both = new BothRepairs(oracle, folder);
        damage(oracle, REPAIRS, (image, random) -> {
            Repairable.Mode mode = random.nextInt(4) == 0 ? Repairable.Mode.LEAKS : Repairable.Mode.ALL;
            both.agree(image, mode, BothRepairs.Likeness.RESULT);
        });
        reporter.publishEntry(
                "repairs", REPAIRS + ": sound after both " + both.sound + ", after ours alone " + both.better);
        assertThat(both.sound).isGreaterThanOrEqualTo(REPAIRS / 4);
    }

    /** What is done with an image. */
    private interface Use {
        void of(ImageBytes image, Random random) throws IOException;
    }

    private void damage(QemuOracle oracle, int rounds, Use use) throws IOException {
        List<ImageBytes> images = images(oracle);
        for (int round = 0; round < rounds; round++) {
            long seed = SEED + round;
            Random random = new Random(seed);
            ImageBytes image = images.get(random.nextInt(images.size())).copy();
            List<String> story = new ArrayList<>();
            int damages = 1 + random.nextInt(3);
            for (int i = 0; i < damages; i++) {
                story.add(damage(image, random));
            }
            try {
                use.of(image, random);
            } catch (AssertionError | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + story, failure);
            }
        }
    }

    private List<ImageBytes> images(QemuOracle oracle) throws IOException {
        String[] writes = {
            "write -P 1 0 40k",
            "write -P 2 1M 3k",
            "write -c -P 3 80k 16k",
            "write -c -P 4 96k 16k",
            "write -P 5 3M 16k",
            "write -z 2M 64k"
        };
        List<ImageBytes> images = new ArrayList<>();
        for (String options : List.of(
                "cluster_size=4k",
                "cluster_size=512",
                "cluster_size=16k,extended_l2=on",
                "cluster_size=4k,refcount_bits=1",
                "cluster_size=4k,refcount_bits=64",
                "cluster_size=4k,refcount_bits=4",
                "cluster_size=4k,compat=0.10")) {
            String[] all = writes;
            if (!options.contains("refcount_bits=1")) {
                all = new String[] {
                    writes[0],
                    writes[1],
                    writes[2],
                    "snapshot -c one IMAGE",
                    writes[3],
                    "snapshot -c two IMAGE",
                    writes[4],
                    writes[5]
                };
            }
            images.add(ImageBytes.make(oracle, folder, options, "4M", all));
        }
        return images;
    }

    /** Damages one field that a check looks at, and tells which. */
    private static String damage(ImageBytes image, Random random) {
        int c = image.clusterSize();
        int clusters = image.length() / c;
        long at = switch (random.nextInt(8)) {
            case 0 -> image.l1(random.nextInt((int) image.get(36, 4)));
            case 1 -> image.refcountTable(random.nextInt(4));
            case 2, 3 -> blockOf(image) + 8L * random.nextInt(c / 16);
            case 4 -> image.get(60, 4) == 0 ? image.l1(0) : image.snapshots() + 8L * random.nextInt(2);
            default -> tableOf(image, random) + 8L * random.nextInt(Math.min(c / 8, 64));
        };
        if (at < 0 || at + 8 > image.length()) {
            return "nothing";
        }
        long old = image.get(at);
        long changed = switch (random.nextInt(6)) {
            case 0 -> old ^ 1L << random.nextInt(64);
            case 1 -> 0;
            case 2 -> old + c;
            case 3 -> ImageBytes.COPIED | (long) random.nextInt(clusters + 2) * c;
            case 4 -> (long) random.nextInt(clusters + 2) * c + (random.nextBoolean() ? 512 : 0);
            default -> old ^ 1L << 56 + random.nextInt(8) ^ 1L << random.nextInt(10);
        };
        image.put(at, changed);
        return "offset " + at + ": " + Long.toHexString(old) + " became " + Long.toHexString(changed);
    }

    private static long blockOf(ImageBytes image) {
        return image.get(image.refcountTable(0)) & -512;
    }

    private static long tableOf(ImageBytes image, Random random) {
        long entry = image.get(image.l1(random.nextInt((int) image.get(36, 4))));
        return entry == 0 ? image.l2(0) : entry & L2Scan.OFFSET_MASK;
    }
}
