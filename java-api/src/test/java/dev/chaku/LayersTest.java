package dev.chaku;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.stream.Stream;

/**
 * Packages use each other one way only, none is in a circle, and what is exported shows nothing internal. The lowest
 * are errors, then io, gguf, text and data, which know nothing of models; the facades of dev.chaku are above all.
 */
@AnalyzeClasses(packages = "dev.chaku", importOptions = ImportOption.DoNotIncludeTests.class)
class LayersTest {
    private static final DescribedPredicate<JavaClass> API = resideInAPackage("dev.chaku");

    @ArchTest
    static final ArchRule ERRORS_ARE_LOWEST = noClasses()
            .that()
            .resideInAPackage("dev.chaku.errors..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.chaku..").and(not(resideInAPackage("dev.chaku.errors.."))));

    @ArchTest
    static final ArchRule NO_CIRCLE =
            slices().matching("dev.chaku.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule FILES_AND_TEXTS_KNOW_NO_MODEL = noClasses()
            .that()
            .resideInAnyPackage("dev.chaku.io..", "dev.chaku.gguf..", "dev.chaku.text..", "dev.chaku.data..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "dev.chaku.generate..",
                    "dev.chaku.train..",
                    "dev.chaku.internal.core..",
                    "dev.chaku.internal.engine..",
                    "dev.chaku.internal.arch..",
                    "dev.chaku.internal.model.."));

    @ArchTest
    static final ArchRule NOTHING_BELOW_USES_THE_TOP =
            noClasses().that().resideOutsideOfPackage("dev.chaku").should().dependOnClassesThat(API);

    @ArchTest
    static final ArchRule ONLY_INTERNAL_SEES_THE_BINDING = noClasses()
            .that()
            .resideOutsideOfPackages("dev.chaku.internal..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("dev.chaku.internal.core.binding..", "org.bytedeco.."));

    @ArchTest
    static final ArchRule ONLY_THE_LOOKUP_SEES_THE_CORE = noClasses()
            .that()
            .resideOutsideOfPackages("dev.chaku.internal.core..", "dev.chaku.internal.engine.lookup")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.chaku.internal.core.."));

    @ArchTest
    static final ArchRule PUBLIC_SIGNATURES_SHOW_NOTHING_INTERNAL = methods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat(resideInAnyPackage(
                    "dev.chaku", "dev.chaku.gguf..", "dev.chaku.text..", "dev.chaku.data..", "dev.chaku.generate.."))
            .and()
            .areDeclaredInClassesThat()
            .arePublic()
            .should(showNothingInternal());

    private static ArchCondition<JavaMethod> showNothingInternal() {
        return new ArchCondition<>("show nothing internal") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                Stream.concat(Stream.of(method.getRawReturnType()), method.getRawParameterTypes().stream())
                        .filter(resideInAnyPackage("dev.chaku.internal..", "org.bytedeco.."))
                        .forEach(type -> events.add(SimpleConditionEvent.violated(
                                method, method.getFullName() + " shows " + type.getName())));
            }
        };
    }
}
