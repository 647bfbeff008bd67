package dev.chaku;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Memory or disk does not suffice; ask for less or free some. */
public final class ResourceException extends ChakuException {
  public ResourceException(String message) {
    super(message);
  }

  public ResourceException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What to throw when a file or folder could not be written: tells a full disk from other reasons. */
  public static ResourceException notWritten(Path path, IOException cause) {
    String message = String.valueOf(cause.getMessage());
    // The JDK has no type for it, so these are the systems' words.
    boolean full =
        message.contains("No space left") || message.contains("uota exceeded") || message.contains("not enough space");
    if (full) {
      return new ResourceException(path + ": the disk ran full while writing; free some space and resume", cause);
    }
    String reason = cause.getClass() == IOException.class ? message : cause.toString();
    if (cause instanceof AccessDeniedException) {
      reason = "permission denied";
    } else if (cause instanceof FileSystemException failure && failure.getReason() != null) {
      reason = failure.getReason();
    }
    return new ResourceException(path + ": cannot be written: " + reason, cause);
  }
}
