package dev.chaku.internal.binding;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/** How JavaCPP maps {@code chaku.h}; generated classes inherit it, so it stays at run time. */
@Properties(
    value =
        @Platform(
            include = "chaku.h",
            link = "chaku",
            library = "jnichaku",
            compiler = "cpp17"),
    target = "dev.chaku.internal.binding.generated",
    global = "dev.chaku.internal.binding.generated.chaku")
@NoException
public class ChakuPresets implements InfoMapper {
  private static final String[] HANDLES = {
    "chaku_engine", "chaku_model", "chaku_adapter", "chaku_session", "chaku_trainer"
  };

  @Override
  public void map(InfoMap infoMap) {
    infoMap.put(new Info("CHAKU_API").cppTypes().annotations());
    for (String handle : HANDLES) {
      infoMap.put(new Info(handle).pointerTypes(handle));
    }
  }
}
