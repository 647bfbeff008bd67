package dev.chaku.internal.io;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.ZipException;

/**
 * Tells in words why a file could not be read or written: the one way for all readers and writers. The messages of the
 * JDK are often a path or a class name and nothing else, and it has types for a few reasons only, so that the others
 * are known by the system's words.
 */
public final class DiskFailure {
    private static final String NO_PERMISSION = "permission denied";
    private static final String MISSING = "no such file or folder";
    private static final String NOT_A_FOLDER = "a part of its path is a file, not a folder";
    private static final String LOOP = "its symbolic links lead in a circle";
    private static final String A_FOLDER = "it is a folder";
    private static final String READ_ONLY = "the disk is read-only";
    private static final String LONG_NAME = "the name is too long";

    private DiskFailure() {}

    /**
     * What to throw when a file or folder could not be read.
     *
     * @throws OperationCancelledException if it was an interrupt of the thread that ended the reading
     */
    public static BadInputException notRead(Path path, IOException cause) {
        requireNotInterrupted(path.toString(), cause);
        return new BadInputException(path + ": cannot be read: " + reason(cause), cause);
    }

    /**
     * What to throw when a file or folder could not be written: a {@link ResourceException} where the disk does not
     * suffice or fails, a {@link BadInputException} where the place is one that cannot be written to.
     *
     * @throws OperationCancelledException if it was an interrupt of the thread that ended the writing
     */
    public static ChakuException notWritten(Path path, IOException cause) {
        return notWritten(path.toString(), cause);
    }

    /** The same for what has no path, such as standard output. */
    public static ChakuException notWritten(String what, IOException cause) {
        requireNotInterrupted(what, cause);
        String reason = reason(cause);
        if (isDiskFull(cause)) {
            return new ResourceException(
                    what + ": cannot be written: " + reason + "; free some space and try again", cause);
        }
        return switch (reason) {
            case NO_PERMISSION, MISSING, NOT_A_FOLDER, LOOP, A_FOLDER, READ_ONLY, LONG_NAME ->
                new BadInputException(what + ": cannot be written: " + reason, cause);
            default -> new ResourceException(what + ": cannot be written: " + reason, cause);
        };
    }

    /** Channels are closed when their thread is interrupted, which is no fault of the file. */
    private static void requireNotInterrupted(String what, IOException cause) {
        if (cause instanceof ClosedByInterruptException) {
            throw new OperationCancelledException(what + ": the thread was interrupted", cause);
        }
    }

    /** Whether a disk or a quota is full. */
    public static boolean isDiskFull(IOException cause) {
        String words = words(cause);
        return words.contains("no space left")
                || words.contains("quota exceeded")
                || words.contains("not enough space");
    }

    /** Whether it was a pipe, and nobody reads from it any more. */
    public static boolean isReaderGone(IOException cause) {
        return words(cause).contains("broken pipe") || words(cause).contains("pipe is being closed");
    }

    /** Why, in words that end a sentence; never the name of a class. */
    public static String reason(IOException cause) {
        if (cause instanceof AccessDeniedException) {
            return NO_PERMISSION;
        }
        if (cause instanceof NoSuchFileException) {
            return MISSING;
        }
        if (cause instanceof FileAlreadyExistsException) {
            return "it is there already";
        }
        if (cause instanceof NotDirectoryException) {
            return NOT_A_FOLDER;
        }
        if (cause instanceof DirectoryNotEmptyException) {
            return "the folder is not empty";
        }
        if (cause instanceof FileSystemLoopException) {
            return LOOP;
        }
        if (cause instanceof CharacterCodingException) {
            return "expected UTF-8 text, found other bytes";
        }
        if (cause instanceof JsonProcessingException json) {
            return notJson(json);
        }
        if (cause instanceof EOFException) {
            return "it ends too early";
        }
        if (cause instanceof ZipException) {
            return "its gzip data are damaged";
        }
        return ofSystem(cause);
    }

    /** Where, and not the parser's own words, which speak of its classes and settings. */
    private static String notJson(JsonProcessingException fault) {
        String what = "it is no JSON";
        if (fault instanceof StreamConstraintsException) {
            what = "its JSON is nested too deep, or has a text or number that is too long";
        } else if (fault instanceof JsonEOFException) {
            what = "its JSON ends too early";
        }
        JsonLocation place = fault.getLocation();
        return what + (place == null ? "" : ", at line " + place.getLineNr() + ", column " + place.getColumnNr());
    }

    private static String ofSystem(IOException cause) {
        String words = words(cause);
        String[][] known = {
            {"permission denied", NO_PERMISSION},
            {"operation not permitted", NO_PERMISSION},
            {"no such file", MISSING},
            {"not a directory", NOT_A_FOLDER},
            {"is a directory", A_FOLDER},
            {"symbolic link", LOOP},
            {"no space left", "the disk is full"},
            {"not enough space", "the disk is full"},
            {"quota exceeded", "the disk quota is used up"},
            {"read-only file system", READ_ONLY},
            {"file name too long", LONG_NAME},
            {"too many open files", "too many files are open"},
            {"input/output error", "the disk reports an error"},
            {"broken pipe", "its reader went away"},
        };
        for (String[] pair : known) {
            if (words.contains(pair[0])) {
                return pair[1];
            }
        }
        String told = told(cause);
        return told.isEmpty() ? "the system gives no reason" : told;
    }

    private static String words(IOException cause) {
        return told(cause).toLowerCase(Locale.ROOT);
    }

    /** The system's own words, without the path where the JDK keeps them apart. */
    private static String told(IOException cause) {
        String told = cause instanceof FileSystemException failure ? failure.getReason() : cause.getMessage();
        if (told == null) {
            return "";
        }
        int open = told.lastIndexOf('(');
        boolean behindPath = cause instanceof FileNotFoundException && open >= 0 && told.endsWith(")");
        return behindPath ? told.substring(open + 1, told.length() - 1) : told;
    }
}
