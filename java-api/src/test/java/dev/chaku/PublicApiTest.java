package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnJre;
import org.junit.jupiter.api.condition.JRE;

/**
 * The public API is what {@code public-api.txt} lists: every exported class with its public and protected members. A
 * change is seen in review. {@code ./mvnw -pl java-api test -Dtest=PublicApiTest -Dchaku.api.write=true} writes it
 * anew.
 */
@EnabledOnJre(value = JRE.JAVA_17, disabledReason = "reflection words differ by release")
class PublicApiTest {
    private static final Path FILE = Path.of("src/test/resources/dev/chaku/public-api.txt");

    @Test
    void theApiIsTheOneThatIsListed() throws IOException {
        String now = listing();
        if (Boolean.getBoolean("chaku.api.write")) {
            Files.writeString(FILE, now);
        }
        assertEquals(Files.readString(FILE), now, "the public API has changed; if it should have, write the list anew");
    }

    private static String listing() throws IOException {
        Set<String> exported = Set.copyOf(ExportedPackages.names());
        JavaClasses classes =
                new ClassFileImporter(Set.of(new ImportOption.DoNotIncludeTests())).importPackages("dev.chaku");
        TreeMap<String, String> sections = new TreeMap<>();
        for (JavaClass each : classes) {
            if (exported.contains(each.getPackageName())) {
                Class<?> type = each.reflect();
                if (isVisible(type)) {
                    sections.put(type.getName(), section(type));
                }
            }
        }
        return String.join("\n", sections.values());
    }

    private static boolean isVisible(Class<?> type) {
        for (Class<?> each = type; each != null; each = each.getDeclaringClass()) {
            if (!isVisible(each.getModifiers()) || each.isAnonymousClass() || each.isLocalClass()) {
                return false;
            }
        }
        return !type.isSynthetic();
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static String section(Class<?> type) {
        StringBuilder text = new StringBuilder(type.toGenericString());
        if (type.getGenericSuperclass() != null && type.getSuperclass() != Object.class) {
            text.append(" extends ").append(type.getGenericSuperclass().getTypeName());
        }
        Arrays.stream(type.getGenericInterfaces())
                .map(each -> " implements " + each.getTypeName())
                .sorted()
                .forEach(text::append);
        TreeSet<String> members = new TreeSet<>();
        for (Field field : type.getDeclaredFields()) {
            add(members, field, field.toGenericString());
        }
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            add(members, constructor, constructor.toGenericString());
        }
        for (Method method : type.getDeclaredMethods()) {
            add(members, method, method.toGenericString());
        }
        members.forEach(member -> text.append("\n    ").append(member));
        return text.append('\n').toString();
    }

    private static void add(Set<String> members, Member member, String text) {
        if (isVisible(member.getModifiers()) && !member.isSynthetic()) {
            members.add(text.replace("synchronized ", "").replace("native ", ""));
        }
    }
}
