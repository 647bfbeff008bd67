package dev.chaku;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
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
    static final ArchRule PUBLIC_SIGNATURES_SHOW_NOTHING_INTERNAL = classes()
            .that()
            .arePublic()
            .and()
            .resideOutsideOfPackages("dev.chaku.internal..", "dev.chaku.natives..")
            .should(showNothingInternal());

    private static ArchCondition<JavaClass> showNothingInternal() {
        return new ArchCondition<>("show nothing internal") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                Stream<JavaClass> parents =
                        Stream.concat(type.getRawInterfaces().stream(), type.getRawSuperclass().stream());
                parents.forEach(shown -> check(type.getName(), shown, events));
                for (JavaMember member : type.getMembers()) {
                    boolean seen = member.getModifiers().contains(JavaModifier.PUBLIC)
                            || member.getModifiers().contains(JavaModifier.PROTECTED)
                                    && !type.getModifiers().contains(JavaModifier.FINAL);
                    if (seen) {
                        shownBy(member).forEach(shown -> check(member.getFullName(), shown, events));
                    }
                }
            }

            private Stream<JavaClass> shownBy(JavaMember member) {
                if (member instanceof JavaField field) {
                    return field.getAllInvolvedRawTypes().stream();
                }
                JavaCodeUnit code = (JavaCodeUnit) member;
                return Stream.concat(
                        code.getReturnType().getAllInvolvedRawTypes().stream(),
                        code.getParameterTypes().stream()
                                .flatMap(parameter -> parameter.getAllInvolvedRawTypes().stream()));
            }

            private void check(String where, JavaClass shown, ConditionEvents events) {
                if (resideInAnyPackage("dev.chaku.internal..", "org.bytedeco..").test(shown)) {
                    events.add(SimpleConditionEvent.violated(shown, where + " shows " + shown.getName()));
                }
            }
        };
    }
}
