package dev.chaku.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaku.internal.binding.generated.chaku_engine_options;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;

class NativeLibraryTest {
  @Test
  void namesPlatformsAsClassifierJarsDo() {
    assertEquals("linux-x86_64", NativeLibrary.platform("Linux", "amd64"));
    assertEquals("linux-arm64", NativeLibrary.platform("Linux", "aarch64"));
    assertEquals("macosx-arm64", NativeLibrary.platform("Mac OS X", "aarch64"));
    assertEquals("windows-x86_64", NativeLibrary.platform("Windows 11", "amd64"));
    assertEquals("sunos-sparcv9", NativeLibrary.platform("SunOS", "sparcv9"));
  }

  @Test
  void loadsFromOneFolderAndKeepsJavaCppFromExtracting() {
    assumeNative();
    Path folder = NativeLibrary.load();
    assertTrue(NativeLibrary.version() > 0);
    try (chaku_engine_options options = new chaku_engine_options()) {
      assertEquals(12, options.sizeof());
    }
    for (Map.Entry<String, String> library : Loader.getLoadedLibraries().entrySet()) {
      if (library.getKey().contains("chaku")) {
        assertEquals(folder.toAbsolutePath(), Path.of(library.getValue()).getParent(), library.getKey());
      }
    }
  }

  @Test
  void switchesOffTheMemoryLimitOfJavaCpp() {
    assumeNative();
    NativeLibrary.load();
    assertEquals("0", System.getProperty("org.bytedeco.javacpp.maxphysicalbytes"));
    assertEquals("0", System.getProperty("org.bytedeco.javacpp.maxbytes"));
  }

  /** Skips, visibly, where the build left the natives out. */
  private static void assumeNative() {
    String name = "/dev/chaku/internal/binding/" + NativeLibrary.platform() + "/" + System.mapLibraryName("chaku");
    assumeTrue(NativeLibrary.class.getResource(name) != null, "the natives were not built");
  }
}
