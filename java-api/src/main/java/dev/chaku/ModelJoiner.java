package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.model.FileProgressMeter;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Joins the parts of a split GGUF model into one file, in a memory of a few kilobytes: metadata and tensors as they
 * were, without the keys that say how the model was split. Not thread-safe.
 */
public final class ModelJoiner {
    private final Path part;
    private boolean overwrite;

    private ModelJoiner(Path part) {
        this.part = part;
    }

    /**
     * {@return a joiner of the parts among which this one is}
     *
     * @param part any part of a split model
     */
    public static ModelJoiner of(Path part) {
        return new ModelJoiner(part);
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public ModelJoiner overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * What was written.
     *
     * @param parts their number
     * @param tensors of all parts
     * @param fileBytes size of the new file
     */
    public record Report(int parts, int tensors, long fileBytes) {}

    /**
     * Writes the file without telling anybody how far it is, see {@link #write(Path, Consumer)}.
     *
     * @param target the file to write
     * @return what was written
     */
    public Report write(Path target) {
        return write(target, progress -> {});
    }

    /**
     * Writes the file, whole or not at all.
     *
     * @param target the file to write
     * @param listener told of the progress from the calling thread
     * @return what was written
     * @throws BadInputException if a part is missing, damaged or another model's, if the model is one file already, or
     *     if the new file exists or is a part
     * @throws ResourceException if the disk does not suffice
     */
    public Report write(Path target, Consumer<FileProgress> listener) {
        GgufFile file = GgufFile.read(part);
        if (file.parts().size() == 1) {
            throw new BadInputException(
                    part + ": expected a part of a split model, found a model in one file; nothing to join");
        }
        NewFile.at(target).overwrite(overwrite).inputs(List.of(part)).check();
        FileProgressMeter meter = new FileProgressMeter(
                file.tensors().stream().mapToLong(GgufTensor::elements).sum(), FileProgress.to(listener));
        GgufWriter writer = GgufWriter.to(target).overwrite(overwrite).putAll(file.metadata());
        for (GgufTensor tensor : file.tensors()) {
            writer.tensor(tensor.name(), tensor.type(), tensor.dims(), meter.watching(tensor, file.copyOf(tensor)));
        }
        writer.write();
        try {
            return new Report(file.parts().size(), file.tensors().size(), Files.size(target));
        } catch (IOException e) {
            throw FileFault.notRead(target, e);
        }
    }
}
