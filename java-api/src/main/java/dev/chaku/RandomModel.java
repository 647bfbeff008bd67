package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.convert.ModelOutline;
import dev.chaku.internal.convert.RandomOutline;
import dev.chaku.io.NewFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Writes a model file with reproducible random weights: a start for pre-training, and a stand-in for tests and
 * measurements. The number of tokens is that of its tokenizer. Not thread-safe.
 */
public final class RandomModel {
    private final Function<RandomModel, ModelOutline> outline;
    private final List<Path> inputs = new ArrayList<>();
    private WeightFormat format = WeightFormat.F32;
    private Map<String, GgufValue> tokenizer = RandomOutline.byteTokenizer();
    private long seed;
    private boolean overwrite;
    private int threads;

    private RandomModel(Function<RandomModel, ModelOutline> outline) {
        this.outline = outline;
    }

    /**
     * {@return a model of a well-known shape}
     *
     * @param shape sizes of a well-known model
     */
    public static RandomModel of(Shape shape) {
        return new RandomModel(self -> RandomOutline.of(shape.sizes(), self.tokenizer, self.seed));
    }

    /**
     * {@return a model of the sizes in a config.json of Hugging Face}
     *
     * @param configFile a config.json of Hugging Face
     */
    public static RandomModel of(Path configFile) {
        RandomModel model = new RandomModel(self -> RandomOutline.of(configFile, self.tokenizer, self.seed));
        model.inputs.add(configFile);
        return model;
    }

    /**
     * Formats of the matrices; F32 unless set.
     *
     * @param newFormat a mix of formats
     * @return this
     */
    public RandomModel format(WeightFormat newFormat) {
        format = newFormat;
        return this;
    }

    /**
     * Takes the tokenizer of another GGUF file; the 256 bytes are the tokens unless set.
     *
     * @param model a GGUF file with a tokenizer
     * @return this
     * @throws BadInputException if the file has none
     */
    public RandomModel tokenizer(Path model) {
        tokenizer = RandomOutline.tokenizerOf(GgufFile.read(model).metadata());
        inputs.add(model);
        return this;
    }

    /**
     * Decides the weights; 0 unless set.
     *
     * @param newSeed any
     * @return this
     */
    public RandomModel seed(long newSeed) {
        seed = newSeed;
        return this;
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public RandomModel overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * Threads that compute; 0, the default, for one per core.
     *
     * @param count at least 0
     * @return this
     */
    public RandomModel threads(int count) {
        threads = ModelOptions.requireThreads(count);
        return this;
    }

    /**
     * Writes the file without telling anybody how far it is, see {@link #write(Path, Consumer)}.
     *
     * @param target the file to write
     * @return what was written
     */
    public ModelConverter.Report write(Path target) {
        return write(target, progress -> {});
    }

    /**
     * Writes the file, whole or not at all.
     *
     * @param target the file to write
     * @param listener told of the progress from the calling thread, many times a second
     * @return what was written
     * @throws BadInputException if the configuration is missing, damaged or of no known family, or the file exists
     * @throws ResourceException if the disk does not suffice
     * @throws OperationCancelledException if the thread is interrupted; nothing is left behind
     */
    public ModelConverter.Report write(Path target, Consumer<FileProgress> listener) {
        NewFile.at(target).overwrite(overwrite).inputs(inputs).check();
        return ModelConverter.write(
                outline.apply(this), new ModelOutline.Target(target, format.mix(), overwrite, threads), listener);
    }
}
