package io.jimg.all;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What modules can't say: which package of a module may use which. */
class ArchitectureTest {
    private static JavaClasses library;

    @BeforeAll
    static void readClasses() {
        library = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(location -> !location.contains("/io/jimg/testkit/"))
                .importPackages("io.jimg");
    }

    @Test
    void storageKnowsNothingThatStandsOnIt() {
        noClasses()
                .that()
                .resideInAPackage("io.jimg.storage..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.jimg.device..", "io.jimg.graph..", "io.jimg.ops..", "io.jimg.capability..")
                .check(library);
    }

    @Test
    void driversInterfacesKnowNoDriverAndNoOperation() {
        noClasses()
                .that()
                .resideInAnyPackage("io.jimg.spi..", "io.jimg.capability..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.jimg.device..", "io.jimg.graph..", "io.jimg.ops..")
                .check(library);
    }

    @Test
    void devicesKnowNeitherHowTheyAreOpenedNorWhatIsDoneWithThem() {
        noClasses()
                .that()
                .resideInAPackage("io.jimg.device..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.jimg.graph..", "io.jimg.ops..")
                .check(library);
    }

    @Test
    void operationsStandOnTopOfTheLibrary() {
        classes()
                .that()
                .resideInAPackage("io.jimg.ops..")
                .should()
                .onlyHaveDependentClassesThat()
                .resideInAPackage("io.jimg.ops..")
                .check(library);
    }

    @Test
    void copyingServesOperationsAndKnowsNone() {
        classes()
                .that()
                .resideInAPackage("io.jimg.copy..")
                .should()
                .onlyHaveDependentClassesThat()
                .resideInAnyPackage("io.jimg.copy..", "io.jimg.ops..")
                .check(library);
        noClasses()
                .that()
                .resideInAPackage("io.jimg.copy..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.jimg.graph..", "io.jimg.ops..")
                .check(library);
    }

    @Test
    void coreAndOperationsNameNoFormat() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.jimg",
                        "io.jimg.spi..",
                        "io.jimg.storage..",
                        "io.jimg.device..",
                        "io.jimg.graph..",
                        "io.jimg.capability..",
                        "io.jimg.copy..",
                        "io.jimg.ops..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.jimg.raw..", "io.jimg.qcow2..", "io.jimg.luks..", "io.jimg.crypto..")
                .check(library);
    }

    @Test
    void qcow2HeaderAndMappingAreReadWithoutTheImageAroundThem() {
        noClasses()
                .that()
                .resideInAnyPackage("io.jimg.qcow2.header..", "io.jimg.qcow2.mapping..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.jimg.qcow2.image..", "io.jimg.qcow2.check..", "io.jimg.qcow2.create..")
                .allowEmptyShould(true)
                .check(library);
    }

    @Test
    void qcow2PackagesFormNoCycle() {
        slices().matching("io.jimg.qcow2.(*)..")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true)
                .check(library);
    }

    @Test
    void theLibraryNeitherPrintsNorExits() {
        noClasses()
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .check(library);
    }

    @Test
    void onlyTheHostsModuleMakesForeignCalls() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.jimg.host..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..")
                .check(library);
    }
}
