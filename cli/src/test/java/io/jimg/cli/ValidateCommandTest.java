package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.jimg.all.AllDigests;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.validate.Rule;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** {@code jimg validate} and {@code jimg digest}: words, exit codes, and reports that parsers read. */
class ValidateCommandTest {
    /** Markup of every kind that a name can bring; a file's name cannot hold a slash. */
    private static final String HOSTILE = "a<b>&\"'\n\u0001\u001b[2J]]>%s{}\u202e.img";

    @TempDir
    Path folder;

    private Path clean;
    private Path qcow2;
    private Path hostile;

    /** What a command said. */
    private record Said(int exitCode, String out, String err) {}

    private static Said jimg(Object... words) {
        return say("jimg", words);
    }

    private static Said say(String program, Object... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(program, out, err);
        List<String> line = new ArrayList<>();
        for (Object word : words) {
            line.add(word.toString());
        }
        int exitCode = Main.run(console, Getopt.Order.PERMUTE, line);
        console.flush();
        return new Said(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @BeforeEach
    void makeImages() throws IOException {
        clean = Files.write(folder.resolve("clean.raw"), new byte[1 << 20]);
        qcow2 = folder.resolve("image.qcow2");
        assertThat(jimg("create", "-q", "-f", "qcow2", qcow2, "1M").exitCode()).isZero();
        hostile = Files.copy(qcow2, folder.resolve(HOSTILE));
    }

    // ---- exit codes
    // --------------------------------------------------------------------------------------------------

    @Test
    void exitCodesAreThoseOfTheWorstImage() {
        assertThat(jimg("validate", "-f", "raw", clean).exitCode()).isZero();
        assertThat(jimg("validate", "-f", "qcow2", qcow2).exitCode()).isZero();
        assertThat(jimg("validate", "-f", "raw", clean, qcow2).exitCode()).isEqualTo(1);
        assertThat(jimg("validate", "-f", "raw", clean, folder.resolve("absent"))
                        .exitCode())
                .isEqualTo(2);
        assertThat(jimg("validate", qcow2).exitCode()).isEqualTo(1);
        assertThat(jimg("validate", "--policy", "cloud", qcow2).exitCode()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "-f vhdx %; Unknown file format 'vhdx'",
                "--policy absent %; Could not read the policy 'absent', which is none of strict, cloud, trusted",
                "--report html %; --report must be used with human, json, junit or sarif",
                "--digest sha256 %; --digest expects ALGORITHM:HEX",
                "--digest md4:00 %; --digest expects ALGORITHM:HEX",
                "--frobnicate %; unrecognized option",
                "-q; Expecting one or more image file names",
                "--key-secret s %; --key-secret needs the format to be stated",
                "-f raw --key-secret s %; have no secrets"
            })
    void whatCouldNotRunSaysSo(String words, String sentence) {
        Object[] line = ("validate " + words).replace("%", qcow2.toString()).split(" ");
        Said said = jimg(line);
        assertThat(said.exitCode()).isEqualTo(2);
        assertThat(said.err()).contains(sentence);
    }

    @Test
    void policyOfAFile() throws IOException {
        Path policy = Files.writeString(folder.resolve("ours.policy"), "extends = cloud\nformat-mismatch = off\n");
        assertThat(jimg("validate", "-f", "raw", "--policy", policy, qcow2).exitCode())
                .isZero();
        Files.writeString(policy, "format-mismatches = off\n");
        Said said = jimg("validate", "-f", "raw", "--policy", policy, qcow2);
        assertThat(said.exitCode()).isEqualTo(2);
        assertThat(said.err()).contains("line 1: unknown rule 'format-mismatches'");
    }

    @Test
    void qemuImgHasNoSuchCommands() {
        assertThat(say("qemu-img", "validate", clean).err()).contains("Command not found: validate");
        assertThat(say("qemu-img", "digest", clean).err()).contains("Command not found: digest");
    }

    // ---- digests
    // -----------------------------------------------------------------------------------------------------

    /** A mebibyte of zeroes, as sha256sum and b2sum know it. */
    @Test
    void digestsAreThoseOfTheContent() {
        String sha256 = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58";
        assertThat(jimg("digest", "-f", "raw", clean).out()).isEqualTo(sha256 + "  " + clean + "\n");
        assertThat(jimg("digest", qcow2).out()).startsWith(sha256);
        assertThat(jimg("digest", "-a", "md4", qcow2).exitCode()).isEqualTo(1);
        Object json =
                parse(jimg("digest", "-a", "blake3", "--output=json", qcow2).out());
        assertThat(at(json, 0, "algorithm")).isEqualTo("blake3");
        assertThat(jimg("validate", "-f", "qcow2", "--digest", "sha256:" + sha256, qcow2)
                        .exitCode())
                .isZero();
        assertThat(jimg("validate", "-f", "qcow2", "--digest", "sha256:" + "0".repeat(64), qcow2)
                        .exitCode())
                .isEqualTo(1);
        for (String wrong : List.of("sha256:00", "sha256:" + "z".repeat(64), "md4:00", sha256)) {
            assertThat(jimg("validate", "-f", "qcow2", "--digest", wrong, qcow2).exitCode())
                    .as(wrong)
                    .isEqualTo(2);
        }
        for (String algorithm : AllDigests.names()) {
            String digest = jimg("digest", "-a", algorithm, qcow2).out().split(" ")[0];
            assertThat(jimg("validate", "-f", "qcow2", "--digest", algorithm + ":" + digest, qcow2)
                            .exitCode())
                    .as(algorithm)
                    .isZero();
        }
    }

    @Test
    void aDigestThatCannotBeComparedIsAFinding() throws IOException {
        String digest = "sha256:" + "0".repeat(64);
        Path overlay = folder.resolve("overlay.qcow2");
        assertThat(jimg("create", "-q", "-f", "qcow2", "-b", qcow2, "-F", "qcow2", overlay)
                        .exitCode())
                .isZero();
        Path key = Files.writeString(folder.resolve("key"), "secret");
        String secret = "secret,id=s,file=" + key;
        Path luks = folder.resolve("volume.luks");
        assertThat(jimg("create", "-q", "--object", secret, "-f", "luks", "-o", "key-secret=s,iter-time=10", luks, "1M")
                        .exitCode())
                .isZero();
        for (String policy : List.of("cloud", "trusted")) {
            assertThat(jimg("validate", "-f", "qcow2", "--policy", policy, "--digest", digest, overlay)
                            .exitCode())
                    .isEqualTo(1);
            assertThat(jimg("validate", "-f", "luks", "--policy", policy, luks).exitCode())
                    .isZero();
            assertThat(jimg("validate", "-f", "luks", "--policy", policy, "--digest", digest, luks)
                            .exitCode())
                    .isEqualTo(1);
            assertThat(jimg("validate", "-f", "luks", "--policy", policy, "--key-secret", "other", luks)
                            .exitCode())
                    .isEqualTo(2);
        }
    }

    @Test
    void digestsOfWhatIsEncryptedOrOfStrangers() throws IOException {
        Path key = Files.writeString(folder.resolve("key"), "secret");
        String secret = "secret,id=s,file=" + key;
        Path luks = folder.resolve("volume.luks");
        assertThat(jimg("create", "-q", "--object", secret, "-f", "luks", "-o", "key-secret=s,iter-time=10", luks, "1M")
                        .exitCode())
                .isZero();
        String digest = jimg("digest", "--object", secret, "--key-secret", "s", "-f", "luks", luks)
                .out();
        assertThat(digest).hasLineCount(1).contains("volume.luks");
        String options = "driver=luks,key-secret=s,file.filename=" + luks;
        assertThat(jimg("digest", "--object", secret, "--image-opts", options).out())
                .startsWith(digest.split(" ")[0]);
        assertThat(jimg("digest", "--key-secret", "s", luks).err()).contains("--key-secret needs the format");

        Path overlay = folder.resolve("overlay.qcow2");
        assertThat(jimg("create", "-q", "-f", "qcow2", "-b", qcow2, "-F", "qcow2", overlay)
                        .exitCode())
                .isZero();
        assertThat(jimg("digest", "-f", "qcow2", overlay).exitCode()).isZero();
        assertThat(jimg("digest", "-f", "qcow2", "--untrusted", overlay).exitCode())
                .isEqualTo(1);
        assertThat(jimg("digest", "-f", "qcow2", "--untrusted", qcow2).exitCode())
                .isZero();
        assertThat(jimg("digest", "--untrusted", qcow2).err()).contains("--untrusted needs the format");
    }

    @Test
    void digestsGoOnAfterAnImageThatCannotBeRead() throws IOException {
        Path line = Files.copy(clean, folder.resolve("a\nname"));
        Said said = jimg("digest", "-f", "raw", folder.resolve("absent"), line);
        assertThat(said.exitCode()).isEqualTo(1);
        assertThat(said.err()).contains("absent").hasLineCount(1);
        assertThat(said.out()).startsWith("\\30e14955").endsWith("a\\nname\n").hasLineCount(1);
    }

    @Test
    void resultsThatNobodyTakesAreAFailure() {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        Console console = new Console("jimg", full, new ByteArrayOutputStream());
        List<String> validate = List.of("validate", "-f", "raw", clean.toString());
        assertThat(Main.run(console, Getopt.Order.PERMUTE, validate)).isEqualTo(2);
        assertThat(Main.run(console, Getopt.Order.PERMUTE, List.of("digest", clean.toString())))
                .isEqualTo(1);
    }

    // ---- reports
    // -----------------------------------------------------------------------------------------------------

    private Said report(String form) {
        return jimg("validate", "-f", "raw", "--report", form, clean, hostile, folder.resolve("absent"));
    }

    @Test
    void humanReportIsOneLineForEachThing() {
        String out = report("human").out();
        assertThat(out)
                .contains("clean.raw: clean (raw, policy strict)", "REJECTED", "error format-mismatch (host-offset 0)");
        assertThat(out).doesNotContain("\u001b", "\u0001", "\u202e");
        assertThat(out.lines().filter(line -> line.startsWith("  error "))).hasSize(1);
    }

    @Test
    void jsonReportIsJson() {
        Object report = parse(report("json").out());
        assertThat((List<?>) at(report, "images")).hasSize(3);
        assertThat(at(report, "images", 0, "result")).isEqualTo("clean");
        assertThat(at(report, "images", 1, "name")).isEqualTo(hostile.toString());
        assertThat(at(report, "images", 1, "result")).isEqualTo("findings");
        assertThat(at(report, "images", 1, "findings", 0, "rule")).isEqualTo("format-mismatch");
        assertThat(at(report, "images", 1, "findings", 0, "place", "kind")).isEqualTo("host-offset");
        assertThat(at(report, "images", 2, "result")).isEqualTo("failed");
    }

    @Test
    void junitReportIsXml() throws Exception {
        byte[] xml = report("junit").out().getBytes(StandardCharsets.UTF_8);
        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(xml));
        assertThat(document.getDocumentElement().getTagName()).isEqualTo("testsuites");
        var suites = document.getElementsByTagName("testsuite");
        assertThat(suites.getLength()).isEqualTo(3);
        Element rejected = (Element) suites.item(1);
        assertThat(rejected.getAttribute("name"))
                .isEqualTo(hostile.toString().replace('\u0001', '\ufffd').replace('\u001b', '\ufffd'));
        assertThat(rejected.getAttribute("failures")).isEqualTo("1");
        Element failure = (Element) document.getElementsByTagName("failure").item(0);
        assertThat(failure.getAttribute("type")).isEqualTo("format-mismatch");
        assertThat(document.getElementsByTagName("error").getLength()).isEqualTo(1);
    }

    /** An image with more findings of one rule than are kept, and of some rules. */
    private Path many() throws IOException {
        Path image = folder.resolve("many.qcow2");
        assertThat(jimg("create", "-q", "-f", "qcow2", "-o", "cluster_size=512,preallocation=metadata", image, "1M")
                        .exitCode())
                .isZero();
        byte[] bytes = Files.readAllBytes(image);
        long table = java.nio.ByteBuffer.wrap(bytes).getLong(48);
        int block = (int) java.nio.ByteBuffer.wrap(bytes).getLong((int) table);
        java.util.Arrays.fill(bytes, block, block + 512, (byte) 0);
        bytes[79] |= 1;
        return Files.write(image, bytes);
    }

    @Test
    void whatIsLeftOutIsSaid() throws Exception {
        Path image = many();
        byte[] xml = jimg("validate", "-f", "qcow2", "--report", "junit", image)
                .out()
                .getBytes(StandardCharsets.UTF_8);
        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(xml));
        var cases = document.getElementsByTagName("testcase");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < cases.getLength(); i++) {
            names.add(((Element) cases.item(i)).getAttribute("name"));
        }
        assertThat(names).doesNotHaveDuplicates().contains("image", "corruption", "dirty");
        Element suite = (Element) document.getElementsByTagName("testsuite").item(0);
        assertThat(suite.getAttribute("tests")).isEqualTo(String.valueOf(names.size()));
        assertThat(document.getElementsByTagName("failure").getLength()).isEqualTo(names.size() - 1);
        assertThat(suite.getElementsByTagName("system-out").item(0).getTextContent())
                .containsPattern("[0-9]+ more findings of the same rules were left out");

        Object run = at(
                parse(jimg("validate", "-f", "qcow2", "--report", "sarif", image)
                        .out()),
                "runs",
                0);
        assertThat(at(run, "invocations", 0, "executionSuccessful")).isEqualTo(true);
        Object notification = at(run, "invocations", 0, "toolExecutionNotifications", 0);
        assertThat(at(notification, "level")).isEqualTo("warning");
        assertThat(at(notification, "message", "text").toString()).contains("were left out");
        for (Object result : (List<?>) at(run, "results")) {
            assertThat(at(result, "message", "text").toString()).doesNotContain("u000a");
            assertThat(at(result, "level")).isIn("none", "note", "warning", "error");
            for (Object location : (List<?>) at(result, "locations")) {
                assertThat(at(location, "physicalLocation", "artifactLocation", "uri"))
                        .isNotNull();
                if (((Map<?, ?>) at(location, "physicalLocation")).containsKey("region")) {
                    assertThat((Long) at(location, "physicalLocation", "region", "byteOffset"))
                            .isNotNegative();
                }
            }
        }
        for (Object rule : (List<?>) at(run, "tool", "driver", "rules")) {
            assertThat(at(rule, "shortDescription", "text")).isNotNull();
            assertThat(at(rule, "help", "text")).isNotNull();
        }
    }

    /** What section 3 of SARIF 2.1.0 demands of the members that are written. */
    @Test
    void sarifReportIsSarif() {
        Object report = parse(report("sarif").out());
        assertThat(at(report, "version")).isEqualTo("2.1.0");
        Object run = at(report, "runs", 0);
        assertThat(at(run, "tool", "driver", "name")).isEqualTo("jimg validate");
        assertThat((List<?>) at(run, "tool", "driver", "rules")).hasSize(Rule.values().length);
        assertThat((List<?>) at(run, "results")).hasSize(1);
        Object result = at(run, "results", 0);
        assertThat(at(result, "level")).isEqualTo("error");
        assertThat(at(result, "message", "text").toString()).isNotEmpty();
        int index = ((Long) at(result, "ruleIndex")).intValue();
        assertThat(at(run, "tool", "driver", "rules", index, "id")).isEqualTo(at(result, "ruleId"));
        Object uri = at(result, "locations", 0, "physicalLocation", "artifactLocation", "uri");
        assertThat(java.net.URI.create(uri.toString()).getPath()).isEqualTo(hostile.toString());
        assertThat(at(run, "invocations", 0, "executionSuccessful")).isEqualTo(false);
        assertThat((List<?>) at(run, "invocations", 0, "toolExecutionNotifications"))
                .hasSize(1);
    }

    /** What lies in a document under keys and indices. */
    private static Object at(Object document, Object... path) {
        Object value = document;
        for (Object step : path) {
            value = Objects.requireNonNull(
                    step instanceof Integer index ? ((List<?>) value).get(index) : ((Map<?, ?>) value).get(step));
        }
        return value;
    }

    private static Object parse(String json) {
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            parser.nextToken();
            Object value = Objects.requireNonNull(value(parser));
            assertThat(parser.nextToken()).isNull();
            return value;
        } catch (IOException malformed) {
            throw new AssertionError(json, malformed);
        }
    }

    private static @Nullable Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> members = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    assertThat(members).doesNotContainKey(name);
                    members.put(name, value(parser));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<@Nullable Object> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(value(parser));
                }
                yield items;
            }
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            case VALUE_NULL -> null;
            default -> parser.getText();
        };
    }
}
