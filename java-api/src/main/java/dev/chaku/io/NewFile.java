package dev.chaku.io;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A file that is to be written, and the one rule for it, which all writers of Chaku hold: it is never an input, under
 * whatever name, symbolic or hard link; never one that is there already, unless asked for; never a folder, a device or
 * a pipe; and its folder is there and can be written to. {@link #check} says so before long work begins, {@link #begin}
 * once more. The file is written beside its place and appears there whole or not at all; of two that write it at once
 * one wins or is refused. Where the name is a symbolic link, the file behind it is meant. Not thread-safe.
 */
public final class NewFile {
    private static final int MOST_LINKS = 40;
    private static final Pattern SPLIT_PART = Pattern.compile("(.*)-\\d{5}(-of-\\d{5}\\.gguf)");

    private final Path path;
    private final List<Path> inputs = new ArrayList<>();
    private boolean overwrite;
    private String remedy = "set overwrite to replace it, or choose another name";

    private NewFile(Path path) {
        this.path = path;
    }

    /**
     * {@return a file of this name}
     *
     * @param path the file, as the user calls it
     */
    public static NewFile at(Path path) {
        return new NewFile(path);
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether one that is there is replaced
     * @return this
     */
    public NewFile overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * What the message about a file that is there says on how to replace it: the command line names its option.
     *
     * @param words the end of a sentence
     * @return this
     */
    public NewFile remedy(String words) {
        remedy = words;
        return this;
    }

    /**
     * Files and folders that are read, which no writing may replace; those that are not there do not matter.
     *
     * @param read the inputs
     * @return this
     */
    public NewFile inputs(Collection<Path> read) {
        inputs.addAll(read);
        return this;
    }

    /** {@return the name that was given} */
    public Path path() {
        return path;
    }

    /**
     * Checks that the file may be written; nothing is made.
     *
     * @throws BadInputException if it may not: the message says why and what to do
     */
    public void check() {
        Path place = place();
        requireFolderAround(path, place);
        requireNoInput(place);
        if (Files.isDirectory(place)) {
            throw new BadInputException(path + ": expected the name of a file, found a folder");
        }
        if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isRegularFile(place)) {
            throw new BadInputException(path + ": expected the name of a file, found a device or pipe");
        }
        if (!overwrite) {
            throw new BadInputException(path + ": expected a new file, found one that exists already; " + remedy);
        }
    }

    /**
     * Checks, and begins to write beside the place.
     *
     * @return the draft, to be closed
     * @throws BadInputException as {@link #check}
     * @throws ResourceException if the disk is full
     */
    public FileDraft begin() {
        check();
        return new FileDraft(path, place(), overwrite, remedy);
    }

    /**
     * Writes a whole text of UTF-8; gzipped if the name ends in {@code .gz}.
     *
     * @param text the text
     */
    public void write(String text) {
        try (FileDraft draft = begin()) {
            draft.text(text);
            draft.place();
        }
    }

    /**
     * Checks that a folder may be written whole: that nothing is there, and that the folder around it can be written
     * to.
     *
     * @param folder the folder
     * @throws BadInputException if not
     */
    public static void requireNewFolder(Path folder) {
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new BadInputException(
                    folder + ": expected a new folder, found that it exists already; choose another name");
        }
        requireFolderAround(folder, folder.toAbsolutePath());
    }

    /**
     * Checks that a folder that is to be made can be: what of its path is there is a folder that can be written to.
     *
     * @param folder the folder
     * @throws BadInputException if not
     */
    public static void requireFolderCanBeMade(Path folder) {
        Path there = folder.toAbsolutePath().normalize();
        while (!Files.exists(there, LinkOption.NOFOLLOW_LINKS) && there.getParent() != null) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there)) {
            throw new BadInputException(folder + ": expected a folder to make it in, found that " + there + " is none");
        }
        requireWritable(folder.toString(), there);
    }

    /** The file that the name leads to. */
    private Path place() {
        Path place = path.toAbsolutePath();
        try {
            for (int i = 0; Files.isSymbolicLink(place); i++) {
                if (i == MOST_LINKS) {
                    throw new BadInputException(path + ": cannot be written: its symbolic links lead in a circle");
                }
                place = place.resolveSibling(Files.readSymbolicLink(place));
            }
        } catch (IOException e) {
            throw FileFault.notWritten(path, e);
        }
        return place;
    }

    private static void requireFolderAround(Path path, Path place) {
        Path folder = place.getParent();
        if (folder == null || place.getFileName() == null) {
            throw new BadInputException(path + ": expected the name of a file, found a folder");
        }
        if (!Files.exists(folder)) {
            throw new BadInputException(
                    path + ": expected a folder to write the file to, found none: make " + folder + " first");
        }
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(
                    path + ": expected a folder to write the file to, found that " + folder + " is none");
        }
        requireWritable(path.toString(), folder);
    }

    private static void requireWritable(String what, Path folder) {
        if (Files.isWritable(folder)) {
            return;
        }
        // Where the disk does not tell, permissions are the likelier reason.
        throw new BadInputException(what + ": cannot be written: "
                + (Disk.isReadOnly(folder) ? "the disk is read-only" : "permission denied") + ": folder " + folder);
    }

    private void requireNoInput(Path place) {
        if (!Files.exists(place)) {
            return;
        }
        for (Path input : inputs) {
            for (Path read : filesOf(input)) {
                if (isSame(place, read)) {
                    throw new BadInputException(path + ": expected another file than the input " + read
                            + ", found the same; it would be lost: choose another name");
                }
            }
        }
    }

    /**
     * {@return whether two names, links and hard links included, are of one file}
     *
     * @param a a name
     * @param b another
     */
    public static boolean isSame(Path a, Path b) {
        try {
            return Files.exists(a) && Files.exists(b)
                    ? Files.isSameFile(a, b)
                    : a.toAbsolutePath().normalize().equals(b.toAbsolutePath().normalize());
        } catch (IOException e) {
            throw FileFault.notRead(b, e);
        }
    }

    /** An input folder is its files, and one part of a split model is all of its parts. */
    private static List<Path> filesOf(Path input) {
        Path folder = input.toAbsolutePath().getParent();
        Matcher part = SPLIT_PART.matcher(String.valueOf(input.getFileName()));
        if (Files.isDirectory(input)) {
            return list(input, file -> true);
        }
        if (part.matches() && folder != null && Files.isDirectory(folder)) {
            Pattern parts = Pattern.compile(Pattern.quote(part.group(1)) + "-\\d{5}" + Pattern.quote(part.group(2)));
            return list(
                    folder, file -> parts.matcher(file.getFileName().toString()).matches());
        }
        return List.of(input);
    }

    private static List<Path> list(Path folder, Predicate<Path> wanted) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(wanted).toList();
        } catch (IOException e) {
            throw FileFault.notRead(folder, e);
        }
    }
}
