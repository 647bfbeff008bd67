package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFailureTest {
    private static String told(IOException cause) {
        return DiskFailure.notWritten(Path.of("f"), cause).getMessage();
    }

    @Test
    void tellsWhyAFileWasNotWritten() {
        assertEquals(
                "f: cannot be written: the disk is full; free some space and try again",
                told(new IOException("No space left on device")));
        assertEquals(
                "f: cannot be written: the disk quota is used up; free some space and try again",
                told(new FileSystemException("f", null, "Disk quota exceeded")));
        assertEquals("f: cannot be written: permission denied", told(new AccessDeniedException("f")));
        assertEquals(
                "f: cannot be written: permission denied", told(new FileNotFoundException("/a/f (Permission denied)")));
        assertEquals(
                "f: cannot be written: Directory not empty",
                told(new FileSystemException("f", null, "Directory not empty")));
        assertEquals("f: cannot be written: it is there already", told(new FileAlreadyExistsException("f")));
        assertEquals("f: cannot be written: no such file or folder", told(new NoSuchFileException("f")));
        assertEquals(
                "f: cannot be written: a part of its path is a file, not a folder",
                told(new NotDirectoryException("f")));
        assertEquals("f: cannot be written: it is a folder", told(new FileNotFoundException("f (Is a directory)")));
        assertEquals(
                "f: cannot be written: the disk is read-only",
                told(new FileSystemException("f", null, "Read-only file system")));
        assertEquals("f: cannot be written: the disk reports an error", told(new IOException("Input/output error")));
        assertEquals("f: cannot be written: the system gives no reason", told(new FileSystemException("f")));
        assertEquals(
                "f: cannot be read: expected UTF-8 text, found other bytes",
                DiskFailure.notRead(Path.of("f"), new MalformedInputException(1))
                        .getMessage());
    }

    @Test
    void aPlaceThatCannotBeIsTheCallersAndAFullDiskIsNot() {
        assertInstanceOf(
                ResourceException.class,
                DiskFailure.notWritten(Path.of("f"), new IOException("No space left on device")));
        assertInstanceOf(
                ResourceException.class, DiskFailure.notWritten(Path.of("f"), new IOException("Input/output error")));
        assertInstanceOf(BadInputException.class, DiskFailure.notWritten(Path.of("f"), new AccessDeniedException("f")));
        assertInstanceOf(BadInputException.class, DiskFailure.notWritten(Path.of("f"), new NoSuchFileException("f")));
    }

    @Test
    void aCircleOfLinksIsNamed(@TempDir Path folder) throws IOException {
        Path a = Files.createSymbolicLink(folder.resolve("a"), folder.resolve("b"));
        Files.createSymbolicLink(folder.resolve("b"), a);
        IOException refused = assertThrows(IOException.class, () -> Files.readString(a));
        String message = DiskFailure.notRead(a, refused).getMessage();
        assertTrue(message.endsWith("cannot be read: its symbolic links lead in a circle"), message);
    }
}
