package dev.chaku.gguf;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;

/** Why input or output failed, in words: some messages of the JDK are a path and nothing else. */
final class IoReason {
  private IoReason() {}

  static String of(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileSystemException failure) {
      return failure.getReason() == null ? e.getClass().getSimpleName() : failure.getReason();
    }
    return String.valueOf(e.getMessage());
  }

  /** Whether a disk or a quota is full; the JDK has no type for it, so these are the system's words. */
  static boolean isDiskFull(IOException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("No space left") || message.contains("uota exceeded")
        || message.contains("not enough space");
  }
}
