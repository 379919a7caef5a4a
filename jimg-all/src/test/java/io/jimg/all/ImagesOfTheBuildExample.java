package io.jimg.all;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.jimg.Images;
import io.jimg.ops.Validate;
import io.jimg.validate.Policy;
import io.jimg.validate.Validation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ImagesOfTheBuildExample {
    private static final Path FOLDER = Path.of("target", "images");

    @TestFactory
    List<DynamicTest> everyImageIsSound() throws IOException {
        return testsOf(FOLDER);
    }

    static List<DynamicTest> testsOf(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<DynamicTest> tests = files.filter(file -> file.toString().endsWith(".qcow2"))
                    .sorted()
                    .map(file -> dynamicTest(file.toString(), () -> validate(file)))
                    .toList();
            assertFalse(tests.isEmpty(), () -> "no image in " + folder);
            return tests;
        }
    }

    private static void validate(Path file) throws IOException {
        Validation result = new Validate(Images.standard(), file.toString(), Policy.strict())
                .format("qcow2")
                .job()
                .run();
        assertTrue(result.clean(), () -> file + ": " + result.findings());
    }
}
