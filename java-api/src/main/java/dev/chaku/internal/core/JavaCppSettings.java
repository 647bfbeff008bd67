package dev.chaku.internal.core;

import dev.chaku.errors.DeviceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How JavaCPP is to behave. It reads system properties when its first class is loaded, which therefore happens here;
 * what the user has set stays, and what is set here is taken back, for JavaCPP in other class loaders is none of our
 * business.
 */
final class JavaCppSettings {
    /**
     * Without limits, for JavaCPP would throw once native memory passes four times the Java heap. Without its
     * collector, whose thread would keep the class loader alive: everything native is closed by its owner.
     */
    private static final Map<String, String> VALUES =
            Map.of("maxBytes", "0", "maxPhysicalBytes", "0", "noPointerGC", "true");

    private JavaCppSettings() {}

    static void apply() {
        // Two class loaders that do this at once would take back each other's values.
        synchronized (System.getProperties()) {
            List<String> ours = new ArrayList<>();
            VALUES.forEach((name, value) -> {
                String camel = "org.bytedeco.javacpp." + name;
                String lower = camel.toLowerCase(Locale.ROOT);
                if (System.getProperty(camel) == null && System.getProperty(lower) == null) {
                    System.setProperty(lower, value);
                    ours.add(lower);
                }
            });
            try {
                ClassLoader own = JavaCppSettings.class.getClassLoader();
                requireSame(
                        own,
                        Class.forName("org.bytedeco.javacpp.Pointer", true, own).getClassLoader());
            } catch (ClassNotFoundException e) {
                throw new NoClassDefFoundError(e.getMessage());
            } finally {
                ours.forEach(System::clearProperty);
            }
        }
    }

    /** JavaCPP looks for generated classes where it comes from itself. */
    private static void requireSame(ClassLoader own, ClassLoader javaCpp) {
        if (own != javaCpp) {
            throw new DeviceException("expected Chaku and JavaCPP in one class loader, found JavaCPP in " + javaCpp
                    + " and Chaku in " + own
                    + "; put the jars javacpp and chaku side by side: both into the application, or both above it");
        }
    }
}
