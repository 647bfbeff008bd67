package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.convert.HuggingFaceModel;
import dev.chaku.internal.convert.ModelOutline;
import dev.chaku.internal.model.FileProgressMeter;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Turns a model as Hugging Face stores it (config.json, safetensors files, tokenizer) into a GGUF file, in bounded
 * memory. Not thread-safe.
 */
public final class ModelConverter {
    private final Path folder;
    private @Nullable WeightFormat format;
    private boolean overwrite;
    private int threads;

    private ModelConverter(Path folder) {
        this.folder = folder;
    }

    /**
     * {@return a converter of a folder}
     *
     * @param folder with config.json and safetensors files
     */
    public static ModelConverter of(Path folder) {
        return new ModelConverter(folder);
    }

    /** {@return the names under {@code architectures} in config.json that are understood} */
    public static List<String> architectures() {
        return HuggingFaceModel.classes();
    }

    /**
     * Formats of the matrices; those that they have, F32, F16 or BF16, unless set. Experts in MXFP4 blocks, as gpt-oss
     * has them, keep these bit for bit unless F32, F16 or BF16 is set: encoding them anew would only lose.
     *
     * @param newFormat a mix of formats
     * @return this
     */
    public ModelConverter format(WeightFormat newFormat) {
        format = newFormat;
        return this;
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public ModelConverter overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * Threads that compute; 0, the default, for one per core.
     *
     * @param count at least 0
     * @return this
     */
    public ModelConverter threads(int count) {
        threads = ModelOptions.requireThreads(count);
        return this;
    }

    /**
     * What was written.
     *
     * @param architecture the family's name in GGUF files
     * @param tensors their number
     * @param parameters all their elements
     * @param fileBytes size of the file
     * @param leftOut names of the folder's tensors that do no texts, such as an image encoder's
     */
    public record Report(String architecture, int tensors, long parameters, long fileBytes, List<String> leftOut) {}

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
     * @param listener told of the progress from the calling thread, many times a second
     * @return what was written
     * @throws BadInputException if a file or tensor is missing, damaged or of another shape than config.json says, if
     *     the model is of no known family or uses something that is not understood, or if the new file exists
     * @throws ResourceException if the disk does not suffice
     * @throws OperationCancelledException if the thread is interrupted; nothing is left behind
     */
    public Report write(Path target, Consumer<FileProgress> listener) {
        NewFile.at(target).overwrite(overwrite).inputs(List.of(folder)).check();
        HuggingFaceModel.Found found = HuggingFaceModel.read(folder);
        boolean decodes = format != null && !format.mix().base().isQuantized();
        Report report = write(
                decodes ? found.outline().decoded() : found.outline(),
                new ModelOutline.Target(target, format == null ? found.format() : format.mix(), overwrite, threads),
                listener);
        return new Report(
                report.architecture(), report.tensors(), report.parameters(), report.fileBytes(), found.leftOut());
    }

    static Report write(ModelOutline outline, ModelOutline.Target target, Consumer<FileProgress> listener) {
        FileProgressMeter meter = new FileProgressMeter(outline.elements(), FileProgress.to(listener));
        outline.write(target, meter::begin, meter::add);
        try {
            return new Report(
                    String.valueOf(outline.metadata().get("general.architecture")),
                    outline.tensors().size(),
                    outline.elements(),
                    Files.size(target.path()),
                    List.of());
        } catch (IOException e) {
            throw FileFault.notRead(target.path(), e);
        }
    }
}
