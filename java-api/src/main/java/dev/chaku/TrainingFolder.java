package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.train.OutputFolder;
import java.nio.file.Path;

/**
 * A folder for the output of trainings, for programs that put files of their own beside it. {@link Trainer} makes and
 * holds its folder itself. Thread-safe.
 */
public final class TrainingFolder implements AutoCloseable {
    private final OutputFolder folder;

    private TrainingFolder(OutputFolder folder) {
        this.folder = folder;
    }

    /**
     * Checks that a new training may write to this path, before long work begins; nothing is made.
     *
     * @param path the folder
     * @throws BadInputException if it holds anything, or is no folder
     */
    public static void requireUnused(Path path) {
        OutputFolder.requireUnused(path);
    }

    /**
     * Checks that a file of the program's own, such as a report, has none of the names that a training uses.
     *
     * @param folder of the training
     * @param file in that folder or anywhere else, where any name will do
     * @throws BadInputException if it has
     */
    public static void requireNotOfRun(Path folder, Path file) {
        OutputFolder.requireNotOfRun(folder, file);
    }

    /**
     * Makes the folder, or takes an empty one, and holds it: until {@link #close}, or the end of the process, nobody
     * else gets it in this way, nor trains into it.
     *
     * @param path the folder
     * @return the folder, to be closed
     * @throws BadInputException if it holds anything, is no folder, or is held by another
     * @throws ResourceException if it cannot be made
     */
    public static TrainingFolder create(Path path) {
        return new TrainingFolder(OutputFolder.create(path));
    }

    /** Gives the folder up; what is in it stays. Idempotent. */
    @Override
    public void close() {
        folder.close();
    }
}
