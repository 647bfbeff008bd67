package dev.chaku;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.fasterxml.jackson.core.JsonFactory;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.FileOutputStream;
import java.io.FileWriter;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Set;

/** Files are written, hashed and parsed, and the disk is asked, in one place each: dev.chaku.io and internal.io. */
@AnalyzeClasses(packages = "dev.chaku", importOptions = ImportOption.DoNotIncludeTests.class)
class OneWayTest {
    private static final DescribedPredicate<JavaClass> IO = resideInAnyPackage("dev.chaku.io", "dev.chaku.internal.io");

    /** What puts bytes or names on a disk; making, listing and deleting folders is free. */
    private static final Set<String> WRITING = Set.of(
            "newOutputStream",
            "newBufferedWriter",
            "newByteChannel",
            "write",
            "writeString",
            "move",
            "copy",
            "createFile",
            "createLink",
            "createSymbolicLink");

    private static final Set<String> WRITING_OPTIONS =
            Set.of("WRITE", "APPEND", "CREATE", "CREATE_NEW", "TRUNCATE_EXISTING");

    @ArchTest
    static final ArchRule FILES_ARE_WRITTEN_IN_ONE_PLACE = outsideIo(
            "write no file itself",
            access -> isCall(access, Files.class, WRITING)
                    || isField(access, StandardOpenOption.class, WRITING_OPTIONS)
                    || isConstructor(access, FileOutputStream.class)
                    || isConstructor(access, FileWriter.class)
                    || isConstructor(access, RandomAccessFile.class));

    @ArchTest
    static final ArchRule DISKS_ARE_ASKED_IN_ONE_PLACE = outsideIo(
            "ask no disk itself",
            access -> isCall(access, Files.class, Set.of("getFileStore"))
                    || access.getTarget().getName().matches("get(Usable|Free|Total)Space"));

    @ArchTest
    static final ArchRule HASHES_ARE_MADE_IN_ONE_PLACE =
            outsideIo("make no digest itself", access -> isCall(access, MessageDigest.class, Set.of("getInstance")));

    /** Jackson's own pool of buffers hangs on threads, and would keep a dropped class loader alive. */
    @ArchTest
    static final ArchRule JSON_FACTORIES_ARE_MADE_IN_ONE_PLACE = outsideIo(
            "make no JsonFactory itself",
            access -> access.getTargetOwner().getPackageName().startsWith("com.fasterxml.jackson.core")
                    && access.getTargetOwner().getSimpleName().startsWith("JsonFactory")
                    && (access.getTarget() instanceof AccessTarget.ConstructorCallTarget
                            || access.getTargetOwner().isEquivalentTo(JsonFactory.class)
                                    && access.getTarget().getName().equals("builder")));

    private static ArchRule outsideIo(String words, java.util.function.Predicate<JavaAccess<?>> forbidden) {
        return classes().that(DescribedPredicate.not(IO)).should(new ArchCondition<>(words) {
            @Override
            public void check(JavaClass user, ConditionEvents events) {
                for (JavaAccess<?> access : user.getAccessesFromSelf()) {
                    if (forbidden.test(access)) {
                        events.add(SimpleConditionEvent.violated(access, access.getDescription()));
                    }
                }
            }
        });
    }

    private static boolean isCall(JavaAccess<?> access, Class<?> owner, Set<String> names) {
        return access.getTargetOwner().isEquivalentTo(owner)
                && access.getTarget() instanceof AccessTarget.CodeUnitAccessTarget
                && names.contains(access.getTarget().getName());
    }

    private static boolean isField(JavaAccess<?> access, Class<?> owner, Set<String> names) {
        return access.getTargetOwner().isEquivalentTo(owner)
                && access.getTarget() instanceof AccessTarget.FieldAccessTarget
                && names.contains(access.getTarget().getName());
    }

    private static boolean isConstructor(JavaAccess<?> access, Class<?> owner) {
        return access.getTargetOwner().isEquivalentTo(owner)
                && access.getTarget().getName().equals("<init>");
    }
}
