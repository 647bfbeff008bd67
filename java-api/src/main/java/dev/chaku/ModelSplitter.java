package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufSplit;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.model.FileProgressMeter;
import dev.chaku.io.NewFile;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Splits a GGUF model into parts {@code NAME-00001-of-00003.gguf}, which Chaku and llama.cpp open as one model, in a
 * memory of a few kilobytes. Not thread-safe.
 */
public final class ModelSplitter {
    private final Path model;
    private long maxBytes = Long.MAX_VALUE;
    private int maxTensors = Integer.MAX_VALUE;
    private boolean overwrite;

    private ModelSplitter(Path model) {
        this.model = model;
    }

    /**
     * {@return a splitter of a model, which may be split already}
     *
     * @param model a GGUF file, or a part of one
     */
    public static ModelSplitter of(Path model) {
        return new ModelSplitter(model);
    }

    /**
     * The largest size of a part's file; one tensor stays whole even if it is larger. No limit unless set.
     *
     * @param bytes at least 1
     * @return this
     * @throws BadInputException if it is less than 1
     */
    public ModelSplitter maxBytes(long bytes) {
        if (bytes < 1) {
            throw new BadInputException("expected parts of at least 1 byte, got " + bytes);
        }
        maxBytes = bytes;
        return this;
    }

    /**
     * The most tensors in a part. No limit unless set.
     *
     * @param tensors at least 1
     * @return this
     * @throws BadInputException if it is less than 1
     */
    public ModelSplitter maxTensors(int tensors) {
        if (tensors < 1) {
            throw new BadInputException("expected parts of at least 1 tensor, got " + tensors);
        }
        maxTensors = tensors;
        return this;
    }

    /**
     * Whether files that are there already are replaced. They are not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public ModelSplitter overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * A part.
     *
     * @param tensors their number
     * @param bytes size of the file
     */
    public record Part(Path path, int tensors, long bytes) {}

    /**
     * {@return the parts that {@link #write} would make; nothing is written}
     *
     * @param prefix path and beginning of the name of each part
     * @throws BadInputException if the model is damaged
     */
    public List<Part> plan(Path prefix) {
        return describe(split(GgufFile.read(model)).plan(prefix));
    }

    /**
     * Writes the parts without telling anybody how far it is, see {@link #write(Path, Consumer)}.
     *
     * @param prefix path and beginning of the names of the files
     * @return the parts, in their order
     */
    public List<Part> write(Path prefix) {
        return write(prefix, progress -> {});
    }

    /**
     * Writes the parts, all or none.
     *
     * @param prefix path and beginning of the name of each part
     * @param listener told of the progress from the calling thread
     * @return the parts, in their order
     * @throws BadInputException if the model is damaged, or a part's file exists or is the model's own
     * @throws ResourceException if the disk does not suffice
     */
    public List<Part> write(Path prefix, Consumer<FileProgress> listener) {
        GgufFile file = GgufFile.read(model);
        GgufSplit split = split(file);
        List<GgufSplit.Part> plan = split.plan(prefix);
        plan.forEach(part -> NewFile.at(part.path())
                .overwrite(overwrite)
                .inputs(List.of(model))
                .check());
        FileProgressMeter meter = new FileProgressMeter(
                file.tensors().stream().mapToLong(GgufTensor::elements).sum(), FileProgress.to(listener));
        List<GgufWriter> writers = split.writers(plan, meter::watching);
        writers.forEach(writer -> writer.overwrite(overwrite));
        GgufWriter.writeAll(writers);
        return describe(plan);
    }

    private GgufSplit split(GgufFile file) {
        return new GgufSplit(file, maxBytes, maxTensors);
    }

    private static List<Part> describe(List<GgufSplit.Part> plan) {
        return plan.stream()
                .map(part -> new Part(part.path(), part.tensors().size(), part.bytes()))
                .toList();
    }
}
