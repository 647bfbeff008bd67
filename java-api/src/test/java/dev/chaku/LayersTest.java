package dev.chaku;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.fasterxml.jackson.core.JsonFactory;
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
 * Packages use each other one way only: dev.chaku, then train and generate, then convert, then adapter, quantize and
 * data, arch, text, gguf; internal is below all, and gguf, text and data never touch it. Exceptions are for everybody.
 */
@AnalyzeClasses(packages = "dev.chaku", importOptions = ImportOption.DoNotIncludeTests.class)
class LayersTest {
    private static final DescribedPredicate<JavaClass> API =
            resideInAPackage("dev.chaku").and(DescribedPredicate.not(assignableTo(ChakuException.class)));

    @ArchTest
    static final ArchRule INTERNAL_IS_BELOW_ALL = doesNotUse(
            "internal..",
            "gguf..",
            "text..",
            "arch..",
            "data..",
            "adapter..",
            "quantize..",
            "convert..",
            "train..",
            "generate..");

    @ArchTest
    static final ArchRule GGUF_USES_NONE = doesNotUse(
            "gguf..",
            "text..",
            "arch..",
            "data..",
            "adapter..",
            "quantize..",
            "convert..",
            "train..",
            "generate..",
            "internal..");

    @ArchTest
    static final ArchRule TEXT_IS_ABOVE_GGUF = doesNotUse(
            "text..",
            "arch..",
            "data..",
            "adapter..",
            "quantize..",
            "convert..",
            "train..",
            "generate..",
            "internal..");

    @ArchTest
    static final ArchRule ARCH_IS_ABOVE_TEXT =
            doesNotUse("arch..", "data..", "adapter..", "quantize..", "convert..", "train..", "generate..");

    @ArchTest
    static final ArchRule DATA_IS_ABOVE_ARCH =
            doesNotUse("data..", "adapter..", "quantize..", "convert..", "train..", "generate..", "internal..");

    @ArchTest
    static final ArchRule ADAPTER_IS_ABOVE_ARCH =
            doesNotUse("adapter..", "data..", "quantize..", "convert..", "train..", "generate..");

    @ArchTest
    static final ArchRule QUANTIZE_IS_ABOVE_ARCH =
            doesNotUse("quantize..", "text..", "data..", "adapter..", "convert..", "train..", "generate..");

    @ArchTest
    static final ArchRule CONVERT_IS_ABOVE_ADAPTER_AND_QUANTIZE =
            doesNotUse("convert..", "data..", "train..", "generate..");

    @ArchTest
    static final ArchRule TRAIN_AND_GENERATE_ARE_APART = doesNotUse("train..", "generate..");

    @ArchTest
    static final ArchRule GENERATE_AND_TRAIN_ARE_APART = doesNotUse("generate..", "train..");

    @ArchTest
    static final ArchRule NOTHING_BELOW_USES_THE_TOP =
            noClasses().that().resideOutsideOfPackage("dev.chaku").should().dependOnClassesThat(API);

    @ArchTest
    static final ArchRule ONLY_INTERNAL_SEES_THE_BINDING = noClasses()
            .that()
            .resideOutsideOfPackages("dev.chaku.internal..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("dev.chaku.internal.binding..", "org.bytedeco.."));

    /** Jackson's own pool of buffers hangs on threads, and would keep a dropped class loader alive. */
    @ArchTest
    static final ArchRule JSON_KEEPS_NO_BUFFERS_ON_THREADS = classes()
            .should(new ArchCondition<>("choose the pool of each JsonFactory") {
                @Override
                public void check(JavaClass user, ConditionEvents events) {
                    boolean makes = user.getConstructorCallsFromSelf().stream()
                                    .anyMatch(call -> call.getTargetOwner().isEquivalentTo(JsonFactory.class))
                            || user.getMethodCallsFromSelf().stream()
                                    .anyMatch(call -> call.getTargetOwner().isEquivalentTo(JsonFactory.class)
                                            && call.getName().equals("builder"));
                    boolean chooses = user.getMethodCallsFromSelf().stream()
                            .anyMatch(call -> call.getName().equals("recyclerPool"));
                    if (makes && !chooses) {
                        events.add(SimpleConditionEvent.violated(
                                user, user.getName() + " makes a JsonFactory without recyclerPool"));
                    }
                }
            });

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

    private static ArchRule doesNotUse(String who, String... whom) {
        String[] packages = Stream.of(whom).map(name -> "dev.chaku." + name).toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAPackage("dev.chaku." + who)
                .should()
                .dependOnClassesThat(resideInAnyPackage(packages))
                .allowEmptyShould(true);
    }

    private static ArchCondition<JavaMethod> showNothingInternal() {
        return new ArchCondition<>("show nothing internal") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                Stream.concat(Stream.of(method.getRawReturnType()), method.getRawParameterTypes().stream())
                        .filter(resideInAnyPackage("dev.chaku.internal..", "dev.chaku.arch..", "org.bytedeco.."))
                        .forEach(type -> events.add(SimpleConditionEvent.violated(
                                method, method.getFullName() + " shows " + type.getName())));
            }
        };
    }
}
