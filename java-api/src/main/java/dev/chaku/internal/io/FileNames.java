package dev.chaku.internal.io;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** How the JVM turns the characters of a path into the bytes that the system calls take. */
public final class FileNames {
    /** {@code sun.jnu.encoding} is what the JDK itself uses for this; UTF-8 where it is not told. */
    public static final Charset CHARSET = charset();

    private FileNames() {}

    private static Charset charset() {
        String name = System.getProperty("sun.jnu.encoding", "");
        return !name.isEmpty() && Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    }
}
