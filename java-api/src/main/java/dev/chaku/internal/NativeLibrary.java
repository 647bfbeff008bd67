package dev.chaku.internal;

import dev.chaku.DeviceException;
import dev.chaku.internal.binding.ChakuPresets;
import dev.chaku.internal.binding.generated.chaku;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Loads the native core once per class loader. Every class that calls the generated binding calls {@link #load} first.
 *
 * <p>The libraries are taken from the folder that the system property {@code chaku.library.path} names, or else from the
 * class path (the classifier jar of the platform), extracted by {@link NativeCache}.
 */
public final class NativeLibrary {
  /** Names a folder that holds the platform's libraries; nothing is extracted then. */
  public static final String PATH_PROPERTY = "chaku.library.path";

  /** In the order in which they depend on each other. */
  static final List<String> NAMES = List.of("chaku", "jnichaku");

  private static final String RESOURCE_ROOT = "/dev/chaku/internal/binding/";

  private NativeLibrary() {}

  /** Loading is the initialisation of this class: the JVM does it once, and other threads wait for it. */
  private static final class Loaded {
    static final Path FOLDER;
    static final @Nullable DeviceException FAILURE;

    static {
      Path folder = Path.of("");
      DeviceException failure = null;
      try {
        folder = loadAll();
      } catch (DeviceException e) {
        failure = e;
      }
      FOLDER = folder;
      FAILURE = failure;
    }

    private Loaded() {}
  }

  /**
   * Makes sure that the library is there.
   *
   * @return the folder from which it was loaded
   * @throws DeviceException if the platform has no library or it cannot be loaded; the same one at every call
   */
  public static Path load() {
    DeviceException failure = Loaded.FAILURE;
    if (failure != null) {
      throw new DeviceException(failure.getMessage(), failure);
    }
    return Loaded.FOLDER;
  }

  /** Version of the native interface, major * 10000 + minor * 100 + patch. */
  public static int version() {
    load();
    return chaku.chaku_version();
  }

  /** The platform as classifier jars are named, for instance {@code linux-x86_64}. */
  public static String platform() {
    return platform(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
  }

  static String platform(String osName, String osArch) {
    String os = osName.toLowerCase(Locale.ROOT);
    String arch = osArch.toLowerCase(Locale.ROOT);
    String system;
    if (os.startsWith("linux")) {
      system = "linux";
    } else if (os.startsWith("mac")) {
      system = "macosx";
    } else if (os.startsWith("windows")) {
      system = "windows";
    } else {
      system = os.replaceAll("[^a-z0-9]", "");
    }
    return switch (arch) {
      case "amd64", "x86-64", "x86_64", "x64" -> system + "-x86_64";
      case "aarch64", "arm64" -> system + "-arm64";
      default -> system + "-" + arch;
    };
  }

  private static Path loadAll() {
    stopMemoryAccounting();
    String installed = System.getProperty(PATH_PROPERTY, "");
    Path folder = installed.isEmpty() ? extracted() : installed(Path.of(installed));
    for (String name : NAMES) {
      Path file = folder.resolve(System.mapLibraryName(name));
      try {
        System.load(file.toAbsolutePath().toString());
      } catch (UnsatisfiedLinkError e) {
        throw new DeviceException(
            "the native library " + file + " cannot be loaded on " + platform() + ": " + e.getMessage(), e);
      }
    }
    ChakuPresets.librariesAreIn(folder.toAbsolutePath().toString());
    return folder;
  }

  /** JavaCPP throws once native memory passes four times the Java heap unless told not to count, before its first use. */
  private static void stopMemoryAccounting() {
    for (String limit : List.of("Bytes", "PhysicalBytes")) {
      String camel = "org.bytedeco.javacpp.max" + limit;
      String lower = camel.toLowerCase(Locale.ROOT);
      if (System.getProperty(camel) == null && System.getProperty(lower) == null) {
        System.setProperty(lower, "0");
      }
    }
  }

  private static Path installed(Path folder) {
    for (String name : NAMES) {
      Path file = folder.resolve(System.mapLibraryName(name));
      if (!Files.isRegularFile(file)) {
        throw new DeviceException(
            "the folder that -D" + PATH_PROPERTY + " names lacks " + file.getFileName() + ": " + folder);
      }
    }
    return folder;
  }

  private static Path extracted() {
    String platform = platform();
    List<NativeCache.Entry> entries = new ArrayList<>();
    for (String name : NAMES) {
      String file = System.mapLibraryName(name);
      try (InputStream in = NativeLibrary.class.getResourceAsStream(RESOURCE_ROOT + platform + "/" + file)) {
        if (in == null) {
          throw new DeviceException(
              "no native library for the platform " + platform + ": " + file + " is not on the class path; add the jar"
                  + " dev.chaku:chaku with the classifier " + platform + ", or name a folder with -D" + PATH_PROPERTY);
        }
        entries.add(new NativeCache.Entry(file, in.readAllBytes()));
      } catch (IOException e) {
        throw new DeviceException("cannot read the native library " + file + " from the class path: " + e.getMessage(), e);
      }
    }
    return NativeCache.ofUser().extract(entries);
  }
}
