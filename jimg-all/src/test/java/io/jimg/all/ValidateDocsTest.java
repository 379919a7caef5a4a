package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.Images;
import io.jimg.ops.Create;
import io.jimg.validate.Policy;
import io.jimg.validate.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/validate.md beside what it tells of. */
class ValidateDocsTest {
    private static final Path PAGE = Path.of("..", "docs", "validate.md");
    private static final Path EXAMPLE =
            Path.of("src", "test", "java", "io", "jimg", "all", "ImagesOfTheBuildExample.java");

    @Test
    void exampleOfThePageIsTheOneThatIsCompiled() throws IOException {
        // Under a name that no build looks for, since there are no images to be found here.
        String source = Files.readString(EXAMPLE).replace("ImagesOfTheBuildExample", "ImagesOfTheBuildTest");
        assertThat(Files.readString(PAGE))
                .contains(source.substring(source.indexOf("import ")).strip());
    }

    @Test
    void exampleTellsGoodImagesFromBad(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> ImagesOfTheBuildExample.testsOf(folder)).hasMessageContaining("no image in");
        assertThatThrownBy(() -> ImagesOfTheBuildExample.testsOf(folder.resolve("absent")))
                .isInstanceOf(NoSuchFileException.class);
        Path good = folder.resolve("good.qcow2");
        new Create(Images.standard(), good.toString())
                .format("qcow2")
                .size(1 << 20)
                .plan()
                .job()
                .run();
        Path bad = Files.copy(good, folder.resolve("bad.qcow2"));
        HostileImages.patchLong(bad, 72, 1);
        List<DynamicTest> tests = ImagesOfTheBuildExample.testsOf(folder);
        assertThat(tests).hasSize(2);
        assertThatThrownBy(() -> tests.get(0).getExecutable().execute()).hasMessageContaining("DIRTY");
        assertThatCode(() -> tests.get(1).getExecutable().execute()).doesNotThrowAnyException();
    }

    @Test
    void pageTellsEveryRuleAndWhatThePoliciesMakeOfIt() throws IOException {
        String page = Files.readString(PAGE);
        for (Rule rule : Rule.values()) {
            String row = page.lines()
                    .filter(line -> line.startsWith("| `" + rule.id() + "` |"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no row for " + rule.id()));
            String[] cells = row.split("\\|");
            if (rule.unit() == Rule.Unit.NONE) {
                assertThat(cells[3].strip()).as(row).isEqualTo(word(Policy.strict(), rule));
                assertThat(cells[4].strip()).as(row).isEqualTo(word(Policy.cloud(), rule));
                assertThat(cells[5].strip()).as(row).isEqualTo(word(Policy.trusted(), rule));
            }
        }
    }

    private static String word(Policy policy, Rule rule) {
        return policy.severity(rule).word();
    }
}
