package io.jimg.cli;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import io.jimg.Images;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rooms of the command line, and which of them may know which. */
class ArchitectureTest {
    private static final String ROOT = "io.jimg.cli";

    private static JavaClasses commandLine;

    @BeforeAll
    static void readClasses() {
        commandLine = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(ROOT);
    }

    @Test
    void everyRoomKnowsOnlyThoseBelowIt() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("main")
                .definedBy(ROOT)
                .layer("help")
                .definedBy(ROOT + ".help..")
                .layer("io")
                .definedBy(ROOT + ".io..")
                .layer("commands")
                .definedBy(ROOT + ".commands..")
                .layer("serve")
                .definedBy(ROOT + ".serve..")
                .layer("arguments")
                .definedBy(ROOT + ".arguments..")
                .layer("report")
                .definedBy(ROOT + ".report..")
                .layer("text")
                .definedBy(ROOT + ".text..")
                .layer("process")
                .definedBy(ROOT + ".process..")
                .layer("getopt")
                .definedBy(ROOT + ".getopt..")
                .whereLayer("main")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("help")
                .mayOnlyBeAccessedByLayers("main")
                .whereLayer("io")
                .mayOnlyBeAccessedByLayers("main")
                .whereLayer("commands")
                .mayOnlyBeAccessedByLayers("main", "help")
                .whereLayer("serve")
                .mayOnlyBeAccessedByLayers("main", "commands")
                .whereLayer("arguments")
                .mayOnlyBeAccessedByLayers("main", "help", "commands", "io", "serve")
                .whereLayer("report")
                .mayOnlyBeAccessedByLayers("commands")
                .whereLayer("text")
                .mayOnlyBeAccessedByLayers("commands", "io")
                .ensureAllClassesAreContainedInArchitecture()
                .check(commandLine);
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(commandLine);
    }

    @Test
    void onlyHelpLoadsPicocli() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".help..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("picocli..")
                .check(commandLine);
    }

    @Test
    void driversAreNotSearchedFor() {
        ArchRuleDefinition.noClasses()
                .should()
                .callMethod(Images.class, "standard")
                .because("it opens every jar of the class path; AllFormats is there sooner")
                .check(commandLine);
    }

    @Test
    void commandsNameNoFormat() {
        ArchRuleDefinition.noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.jimg.raw..", "io.jimg.qcow2..")
                .check(commandLine);
    }
}
