package dev.chaku.internal.core.binding;

import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.LoadEnabled;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * How JavaCPP maps {@code chaku.h}; generated classes inherit it, so it stays at run time.
 *
 * <p>Every generated class asks JavaCPP to load the library. {@link #librariesAreIn} has to be called before the first of
 * them: JavaCPP then finds the files in that folder and extracts nothing of its own.
 */
@Properties(
    value =
        @Platform(
            include = "chaku.h",
            link = "chaku",
            library = "jnichaku",
            compiler = "cpp17"),
    target = "dev.chaku.internal.core.binding.generated",
    global = "dev.chaku.internal.core.binding.generated.chaku")
@NoException
public class ChakuPresets implements InfoMapper, LoadEnabled {
  private static final String[] HANDLES = {
    "chaku_engine", "chaku_model", "chaku_adapter", "chaku_pool", "chaku_sequence", "chaku_trainer"
  };

  private static volatile String folder = "";

  /** Names the folder from which our own loader has loaded the libraries. */
  public static void librariesAreIn(String libraryFolder) {
    folder = libraryFolder;
  }

  /** Called by JavaCPP with the properties of a generated class, at build time and before it loads the library. */
  @Override
  public void init(ClassProperties properties) {
    if (folder.isEmpty()) {
      return;
    }
    // No resource lies under this name, so that only the folder is left to be searched.
    properties.setProperty("platform", "chaku-loads-its-own");
    properties.setProperty("platform.preloadpath", folder);
    properties.setProperty("platform.linkpath", folder);
  }

  @Override
  public void map(InfoMap infoMap) {
    infoMap.put(new Info("CHAKU_API").cppTypes().annotations());
    for (String handle : HANDLES) {
      infoMap.put(new Info(handle).pointerTypes(handle));
    }
  }
}
