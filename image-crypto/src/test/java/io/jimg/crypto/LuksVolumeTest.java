package io.jimg.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.crypto.KeySlotChange.State;
import io.jimg.storage.MemoryStorage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class LuksVolumeTest {
    private static final CipherSpec CIPHER =
            new CipherSpec(CipherAlgorithm.AES_256, CipherMode.XTS, IvGenerator.PLAIN64, null);
    private static final long START = 3 << 16;
    private static final int SLOTS_AT = 208;
    private static final int SLOT = 48;

    private final LuksEntropy entropy = entropy(1);
    private MemoryStorage file = new MemoryStorage("volume");

    static LuksEntropy entropy(long seed) {
        Random random = new Random(seed);
        return new LuksEntropy(random::nextBytes, (hash, length) -> 0);
    }

    @BeforeEach
    void create() throws Exception {
        LuksVolume.create(file, START, parameters(HashAlgorithm.SHA256), password("pw"), entropy)
                .close();
    }

    private static LuksParameters parameters(HashAlgorithm hash) {
        return new LuksParameters(CIPHER, hash, 0);
    }

    private static byte[] password(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private LuksVolume open() throws Exception {
        return LuksVolume.open(file, START, true);
    }

    @Test
    void theRightPassphraseOpensIt() throws Exception {
        LuksVolume volume = open();
        assertThat(volume.unlock(password("pw"))).hasSize(64);
        assertThat(volume.header().payloadOffset()).isEqualTo(2068480);
        assertThat(volume.header().bytes().array()).isEqualTo(read(0, LuksHeader.LENGTH));
        assertThatThrownBy(() -> volume.unlock(password("Pw")))
                .hasMessage("Invalid password, cannot unlock any keyslot")
                .extracting(failure -> ((ImageException) failure).kind())
                .isEqualTo(ErrorKind.SECRET);
        assertThatThrownBy(() -> volume.unlock(new byte[0])).hasMessageStartingWith("Invalid password");
    }

    @ParameterizedTest
    @EnumSource
    void everyHashWorks(HashAlgorithm hash) throws Exception {
        LuksVolume.create(file, START, parameters(hash), password("x"), entropy).close();
        assertThat(open().header().hash()).isEqualTo(hash);
        assertThat(open().unlock(password("x"))).hasSize(64);
    }

    /** A key that is no multiple of the hash, and one whose stripes end within a sector. */
    @Test
    void keysOfOddLengths() throws Exception {
        CipherSpec cipher = new CipherSpec(CipherAlgorithm.AES_192, CipherMode.CBC, IvGenerator.PLAIN64, null);
        LuksVolume.create(file, START, new LuksParameters(cipher, HashAlgorithm.SHA1, 0), password("x"), entropy)
                .close();
        assertThat(open().unlock(password("x"))).hasSize(24);
    }

    @Test
    void theSameRandomnessMakesTheSameBytes() throws Exception {
        MemoryStorage first = new MemoryStorage("first");
        MemoryStorage second = new MemoryStorage("second");
        for (MemoryStorage each : List.of(first, second)) {
            LuksVolume.create(each, 0, parameters(HashAlgorithm.SM3), password("x"), entropy(7))
                    .close();
        }
        byte[] one = new byte[(int) first.size()];
        byte[] two = new byte[(int) second.size()];
        first.read(ByteBuffer.wrap(one), 0);
        second.read(ByteBuffer.wrap(two), 0);
        assertThat(one).isEqualTo(two);
        assertThat(LuksVolume.open(first, 0, true).header().uuid()).matches("[0-9a-f-]{14}-?4[0-9a-f]{3}-[89ab].*");
    }

    @Test
    void anySpoiltStripeSpoilsTheKey() throws Exception {
        long material = START + 4096;
        for (int at : new int[] {0, 64 * 2000 + 3, 64 * 4000 - 1}) {
            byte[] old = read(4096 + at, 1);
            file.write(ByteBuffer.wrap(new byte[] {(byte) ~old[0]}), material + at);
            assertThatThrownBy(() -> open().unlock(password("pw"))).hasMessageStartingWith("Invalid password");
            file.write(ByteBuffer.wrap(old), material + at);
        }
        assertThat(open().unlock(password("pw"))).isNotNull();
    }

    // What qemu-img 10 says of the same damage.
    static Stream<Arguments> damage() {
        return Stream.of(
                Arguments.of(0, text("XXXX"), "Volume is not in LUKS format"),
                Arguments.of(6, new byte[] {0, 2}, "LUKS version 2 is not supported"),
                Arguments.of(8, filled(32), "LUKS header cipher name is not NUL terminated"),
                Arguments.of(40, filled(32), "LUKS header cipher mode is not NUL terminated"),
                Arguments.of(72, filled(32), "LUKS header hash spec is not NUL terminated"),
                Arguments.of(8, text("foo\0"), "Algorithm 'foo' with key size 32 bytes not supported"),
                Arguments.of(40, text("foo-plain64\0"), "Cipher mode 'foo' not supported"),
                Arguments.of(40, text("xts\0"), "Unexpected cipher mode string format 'xts'"),
                Arguments.of(40, text("xts-foo\0"), "IV generator 'foo' not supported"),
                Arguments.of(40, text("xts-essiv:foo\0"), "Hash algorithm 'foo' not supported"),
                Arguments.of(40, text("xts-essiv\0"), "Missing IV generator hash specification"),
                Arguments.of(72, text("foo\0"), "Hash algorithm 'foo' not supported"),
                Arguments.of(104, number(0), "LUKS payload is overlapping with the header"),
                Arguments.of(104, number(1), "LUKS payload is overlapping with the header"),
                Arguments.of(108, number(0), "Algorithm 'aes' with key size 0 bytes not supported"),
                Arguments.of(108, number(33), "XTS cipher key length should be a multiple of 2"),
                Arguments.of(108, number(0xfffffff0), "Keyslot 0 is overlapping with the encrypted payload"),
                Arguments.of(164, number(0), "LUKS key iteration count is zero"),
                Arguments.of(SLOTS_AT, number(5), "Keyslot 0 state (active/disable) is corrupted"),
                Arguments.of(SLOTS_AT + 4, number(0), "Keyslot 0 iteration count is zero"),
                Arguments.of(SLOTS_AT + 40, number(0), "Keyslot 0 is overlapping with the LUKS header"),
                Arguments.of(SLOTS_AT + 40, number(7), "Keyslot 0 is overlapping with the LUKS header"),
                Arguments.of(SLOTS_AT + SLOT + 40, number(8), "Keyslots 0 and 1 are overlapping in the header"),
                Arguments.of(
                        SLOTS_AT + 7 * SLOT + 40, number(4000), "Keyslot 7 is overlapping with the encrypted payload"),
                Arguments.of(
                        SLOTS_AT + 7 * SLOT + 40, number(-1), "Keyslot 7 is overlapping with the encrypted payload"),
                Arguments.of(SLOTS_AT + 44, number(3999), "Keyslot 0 is corrupted (stripes 3999 != 4000)"),
                Arguments.of(SLOTS_AT + SLOT + 44, number(-1), "Keyslot 1 is corrupted (stripes 4294967295 != 4000)"));
    }

    @ParameterizedTest
    @MethodSource("damage")
    void damageIsTold(int offset, byte[] bytes, String sentence) throws Exception {
        file.write(ByteBuffer.wrap(bytes), START + offset);
        assertThatThrownBy(this::open).isInstanceOf(ImageException.class).hasMessage(sentence);
    }

    /** Whatever the header's bytes are, it is read or refused. */
    @Test
    void noiseIsReadOrRefused() throws Exception {
        Random random = new Random(11);
        byte[] good = read(0, LuksHeader.LENGTH);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = good.clone();
            for (int j = random.nextInt(4); j >= 0; j--) {
                bytes[6 + random.nextInt(bytes.length - 6)] = (byte) random.nextInt();
            }
            try {
                LuksHeaderParser.parse(ByteBuffer.wrap(bytes), random.nextBoolean());
            } catch (ImageException damaged) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1000, 19_000);
    }

    @Test
    void absurdIterationCountsAreRefusedAtOnce() throws Exception {
        file.write(ByteBuffer.wrap(number(-1)), START + SLOTS_AT + 4);
        assertThatThrownBy(() -> open().unlock(password("pw")))
                .hasMessageContaining("iterations of PBKDF, more than the")
                .extracting(failure -> ((ImageException) failure).kind())
                .isEqualTo(ErrorKind.LIMIT);
        create();
        file.write(ByteBuffer.wrap(number(-1)), START + 164);
        assertThatThrownBy(() -> open().unlock(password("pw"))).hasMessageContaining("iterations of PBKDF");
        LuksParameters endless = new LuksParameters(CIPHER, HashAlgorithm.SHA256, Long.MAX_VALUE);
        LuksEntropy fast = new LuksEntropy(bytes -> {}, (hash, length) -> 4_000_000);
        assertThatThrownBy(() -> LuksVolume.create(file, START, endless, password("x"), fast))
                .hasMessage("PBKDF iterations 4000000 too large to scale: Numerical result out of range");
        LuksParameters long1 = new LuksParameters(CIPHER, HashAlgorithm.SHA256, 100_000_000);
        assertThatThrownBy(() -> LuksVolume.create(file, START, long1, password("x"), fast))
                .hasMessageContaining("larger than 4294967295: Numerical result out of range");
    }

    @Test
    void anInterruptEndsAnUnlockingAndIsKept() throws Exception {
        file.write(ByteBuffer.wrap(number(100_000_000)), START + SLOTS_AT + 4);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> open().unlock(password("pw")))
                .extracting(failure -> ((ImageException) failure).kind())
                .isEqualTo(ErrorKind.CANCELLED);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void theMachinesSpeedIsMeasured() throws Exception {
        long perSecond = IterationRate.MEASURED.perSecond(HashAlgorithm.SHA256, 64);
        assertThat(perSecond).isBetween(1_000L, 1_000_000_000L);
    }

    // ---- key slots --------------------------------------------------------------------------------------------------

    @Test
    void passphrasesComeAndGo() throws Exception {
        byte[] key = open().unlock(password("pw"));
        change(State.ACTIVE, null, null, "new", false);
        change(State.ACTIVE, 6L, null, "third", false);
        for (String each : List.of("pw", "new", "third")) {
            assertThat(open().unlock(password(each))).isEqualTo(key);
        }
        assertThat(open().header().slots())
                .extracting(LuksKeySlot::active)
                .containsExactly(true, true, false, false, false, false, true, false);
        byte[] material = read(4096, 256_000);
        change(State.INACTIVE, null, "pw", null, false);
        assertThatThrownBy(() -> open().unlock(password("pw"))).hasMessageStartingWith("Invalid password");
        assertThat(Arrays.mismatch(read(4096, 256_000), material)).isBetween(0, 10);
        change(State.INACTIVE, 6L, "third", null, false);
        assertThat(open().unlock(password("new"))).isEqualTo(key);
        assertThat(open().header().slots().get(6)).isEqualTo(LuksKeySlot.unused(4096 + 6 * 258048));
    }

    /** What qemu-img amend 10 says. */
    @Test
    void whatCannotBeChangedIsRefused() throws Exception {
        refused(State.ACTIVE, null, null, null, "'new-secret' is required to activate a keyslot");
        refused(State.ACTIVE, null, "pw", "n", "'old-secret' must not be given when activating keyslots");
        refused(State.ACTIVE, 0L, null, "n", "Refusing to overwrite active keyslot 0 - please erase it first");
        refused(State.ACTIVE, 8L, null, "n", "Invalid keyslot 8 specified, must be between 0 and 7");
        refused(State.INACTIVE, 0L, null, "n", "'new-secret' must not be given when erasing keyslots");
        refused(
                State.INACTIVE,
                null,
                null,
                null,
                "To erase keyslot(s), either explicit keyslot index or the password currently contained in them must"
                        + " be given");
        refused(State.INACTIVE, null, "w", null, "No keyslots match given (old) password for erase operation");
        refused(State.INACTIVE, 3L, null, null, "Given keyslot 3 is already erased (inactive) ");
        String irreversibly = " will erase all the data in the image irreversibly - refusing operation";
        refused(State.INACTIVE, 0L, null, null, "Attempt to erase the only active keyslot 0 which" + irreversibly);
        refused(
                State.INACTIVE,
                null,
                "pw",
                null,
                "All the active keyslots match the (old) password that was given and erasing them" + irreversibly);
        refused(
                State.INACTIVE,
                0L,
                "w",
                null,
                "Given keyslot 0 doesn't contain the given old password for erase operation");
        change(State.INACTIVE, 0L, null, null, true);
        assertThatThrownBy(() -> open().unlock(password("pw"))).hasMessageStartingWith("Invalid password");
    }

    @Test
    void allSlotsCanBeUsed() throws Exception {
        for (int i = 1; i < 8; i++) {
            change(State.ACTIVE, null, null, "pw" + i, false);
        }
        refused(State.ACTIVE, null, null, "pw8", "Can't add a keyslot - all keyslots are in use");
        assertThatCode(() -> open().unlock(password("pw7"))).doesNotThrowAnyException();
    }

    private void refused(State state, Long slot, String old, String fresh, String sentence) throws Exception {
        byte[] before = read(0, LuksHeader.LENGTH);
        assertThatThrownBy(() -> change(state, slot, old, fresh, false))
                .isInstanceOf(ImageException.class)
                .hasMessage(sentence);
        assertThat(read(0, LuksHeader.LENGTH)).isEqualTo(before);
    }

    private void change(State state, Long slot, String old, String fresh, boolean force) throws Exception {
        new KeySlotChange(state, slot, old == null ? null : password(old), fresh == null ? null : password(fresh), null)
                .apply(open(), password("pw"), force, entropy);
    }

    private byte[] read(long offset, int length) throws Exception {
        byte[] bytes = new byte[length];
        file.read(ByteBuffer.wrap(bytes), START + offset);
        return bytes;
    }

    private static byte[] number(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] filled(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) 'a');
        return bytes;
    }
}
