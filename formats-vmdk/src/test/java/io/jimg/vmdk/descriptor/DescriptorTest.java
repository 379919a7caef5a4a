package io.jimg.vmdk.descriptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DescriptorTest {
    private static final String SPLIT = """
            # Disk DescriptorFile
            version=1
            encoding="UTF-8"
            CID=fffffffe
            parentCID=7e153f77
            isNativeSnapshot="no"
            createType="twoGbMaxExtentSparse"
            parentFileNameHint="base disk.vmdk"

            # Extent description
            RW 4192256 SPARSE "Windows 7-s001.vmdk"
            RDONLY 63 FLAT "Windows 7-pt.vmdk" 12
            NOACCESS 100 ZERO
            RW 8 VMFSSPARSE "delta.vmdk"

            # Change Tracking File
            changeTrackPath="x-ctk.vmdk"

            # The Disk Data Base
            #DDB

            ddb.adapterType = "lsilogic"
            ddb.uuid = "60 00 C2 9e"
            """;

    private static Descriptor parse(String text) throws ImageException {
        return Descriptor.parse(text.getBytes(StandardCharsets.UTF_8), "d.vmdk");
    }

    @Test
    void readsWhatVmwareWrites() throws ImageException {
        Descriptor descriptor = parse(SPLIT);
        assertThat(descriptor.cid()).isEqualTo(0xFFFFFFFEL);
        assertThat(descriptor.parentCid()).isEqualTo(0x7E153F77L);
        assertThat(descriptor.createType()).isEqualTo("twoGbMaxExtentSparse");
        assertThat(descriptor.parentName()).isEqualTo("base disk.vmdk");
        assertThat(descriptor.extents())
                .containsExactly(
                        new ExtentLine(ExtentAccess.RW, 4192256, ExtentType.SPARSE, "Windows 7-s001.vmdk", 0),
                        new ExtentLine(ExtentAccess.RDONLY, 63, ExtentType.FLAT, "Windows 7-pt.vmdk", 12),
                        new ExtentLine(ExtentAccess.NOACCESS, 100, ExtentType.ZERO, null, 0),
                        new ExtentLine(ExtentAccess.RW, 8, ExtentType.VMFSSPARSE, "delta.vmdk", 0));
        assertThat(descriptor.text().value("ddb.adapterType")).isEqualTo("lsilogic");
        assertThat(descriptor.text().value("ddb.uuid")).isEqualTo("60 00 C2 9e");
    }

    @Test
    void keysHaveNoCaseAndLinesMayEndAsOnWindows() throws ImageException {
        Descriptor descriptor = parse("# x\r\nversion=1\r\ncid = 12\r\nPARENTCID=ffffffff\r\nCreateType=\"vmfs\"\r\n"
                + "rw 8 vmfs \"a.vmdk\"\r\n");
        assertThat(descriptor.cid()).isEqualTo(0x12);
        assertThat(descriptor.createType()).isEqualTo("vmfs");
        assertThat(descriptor.extents()).hasSize(1);
        assertThat(new String(
                        descriptor.text().with("CID", "00000013", "version").bytes(), StandardCharsets.UTF_8))
                .contains("cid = 00000013\r\n");
    }

    @ParameterizedTest
    @CsvSource({"windows-1252, Köln", "GBK, 虚拟机", "Shift_JIS, 仮想", "Big5, 虛擬", "UTF-8, Łódź"})
    void namesAreInTheStatedEncoding(String encoding, String name) throws ImageException {
        String text = "version=1\nencoding=\"" + encoding + "\"\nCID=1\ncreateType=\"vmfs\"\nRW 8 VMFS \"" + name
                + ".vmdk\"\n";
        byte[] bytes = text.getBytes(Charset.forName(encoding));
        Descriptor descriptor = Descriptor.parse(bytes, "d");
        assertThat(descriptor.extents().get(0).fileName()).isEqualTo(name + ".vmdk");
        assertThat(descriptor.text().bytes()).isEqualTo(bytes);
    }

    @Test
    void anUnknownEncodingIsNoFailure() throws ImageException {
        assertThat(parse("version=1\nencoding=\"no such\"\nCID=1\n").charset()).isEqualTo(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RW 12582912 VMFS \"dummy.vmdk\" 1",
                "RW x FLAT \"a\" 0",
                "RW 8 FLAT",
                "RW 8 FLAT \"a",
                "RW 8 FLAT \"\" 0",
                "RW -1 SPARSE \"a\"",
                "RW 99999999999999999999 SPARSE \"a\"",
                "RW 9223372036854775807 SPARSE \"a\"",
                "RW 8 9 SPARSE \"a\"",
                "RW 8 FLAT \"a\" -1"
            })
    void malformedExtentsAreNamed(String line) {
        assertThatThrownBy(() -> parse("version=1\nCID=1\ncreateType=\"x\"\n" + line + "\n"))
                .isInstanceOf(ImageException.class)
                .hasMessage("Invalid extent line: " + line);
    }

    @Test
    void unknownTypesAreNotSkipped() {
        assertThatThrownBy(() -> parse("version=1\nCID=1\nRW 8 NEWTYPE \"a\"\n"))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("NEWTYPE");
    }

    @Test
    void extentsTogetherHaveABound() {
        String line = "RW 18014398509481983 ZERO\n";
        assertThatThrownBy(() -> parse("version=1\nCID=1\n" + line + line)).isInstanceOf(ImageException.class);
        assertThatThrownBy(() -> parse("version=1\nCID=1\n" + "RW 1 ZERO\n".repeat(Descriptor.MOST_EXTENTS + 1)))
                .isInstanceOf(ImageException.class);
    }

    @Test
    void identifiersMustBeHexadecimal() {
        assertThatThrownBy(() -> parse("version=1\nCID=xyz\n")).isInstanceOf(ImageException.class);
        assertThatThrownBy(() -> parse("version=1\nCID=123456789\n")).isInstanceOf(ImageException.class);
    }

    @Test
    void keysAreAddedWhereTheyBelongAndTakenOut() {
        DescriptorText text = DescriptorText.of("version=1\ncreateType=\"x\"\nRW 1 ZERO\n".getBytes());
        DescriptorText with = text.with("parentFileNameHint", "\"b\"", "createType");
        assertThat(with.lines())
                .containsExactly("version=1", "createType=\"x\"", "parentFileNameHint=\"b\"", "RW 1 ZERO");
        assertThat(with.without("parentfilenamehint").lines()).isEqualTo(text.lines());
    }

    @Test
    void anyBytesAreReadOrRefused() {
        Random random = new Random(1);
        byte[] sound = SPLIT.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 5000; i++) {
            byte[] bytes = sound.clone();
            for (int n = random.nextInt(8); n >= 0; n--) {
                bytes[random.nextInt(bytes.length)] =
                        (byte) (random.nextBoolean() ? random.nextInt() : "\" \n=0".charAt(random.nextInt(5)));
            }
            try {
                Descriptor descriptor = Descriptor.parse(bytes, "d");
                assertThat(descriptor.size()).isNotNegative();
            } catch (ImageException refused) {
                assertThat(refused.getMessage()).isNotEmpty();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'# x|version=1|', true", "'# x|\rversion=1|', false", "'version=3\r|', true", "'#x|  |version=3|', true",
        "'#x||version=3|', false", "'version=4|', false", "'version = 1|', false", "' version=1|', false",
        "'version=1', false", "'', false", "'# x|', false"
    })
    void probesAsQemuDoes(String text, boolean expected) {
        assertThat(Signature.isDescriptor(
                        ByteBuffer.wrap(text.replace('|', '\n').getBytes())))
                .isEqualTo(expected);
    }
}
