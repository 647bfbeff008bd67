package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ResourceExceptionTest {
  private static String told(IOException cause) {
    return ResourceException.notWritten(Path.of("f"), cause).getMessage();
  }

  @Test
  void tellsWhyAFileWasNotWritten() {
    String full = "f: the disk ran full while writing; free some space and resume";
    assertEquals(full, told(new IOException("No space left on device")));
    assertEquals(full, told(new FileSystemException("f", null, "Disk quota exceeded")));
    assertEquals("f: cannot be written: permission denied", told(new AccessDeniedException("f")));
    assertEquals("f: cannot be written: Directory not empty", told(new FileSystemException("f", null, "Directory not empty")));
    assertEquals(
        "f: cannot be written: java.nio.file.FileAlreadyExistsException: f", told(new FileAlreadyExistsException("f")));
    assertEquals("f: cannot be written: Input/output error", told(new IOException("Input/output error")));
  }
}
