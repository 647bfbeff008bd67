package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Interruption;
import dev.chaku.internal.model.SingleText;
import dev.chaku.internal.quantize.ImportanceMatrix;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * Collects the importance of the columns of a model's matrices from a text: the mean square of what goes into each
 * while the model reads. {@link Quantizer#importance} weighs errors by it. Not thread-safe.
 *
 * <p>The text is read in chunks of equal length, each after a begin-of-text token where the model has one. Each expert
 * has an importance of its own, from the tokens that came to it; the output projection has none, as in the reference.
 */
public final class ImportanceCollector {
    private static final int CHUNK_TOKENS = 512;
    private static final int LOGITS_AT_ONCE = 64;

    private final Model model;
    private int chunkTokens = CHUNK_TOKENS;
    private int mostChunks = Integer.MAX_VALUE;
    private boolean overwrite;

    private ImportanceCollector(Model model) {
        this.model = model;
    }

    /**
     * {@return a collector over a model, best in F32, F16 or BF16; it must stay open}
     *
     * @param model the model, which stays open meanwhile
     */
    public static ImportanceCollector on(Model model) {
        return new ImportanceCollector(model);
    }

    /**
     * Length of a chunk; 512 unless set, or the model's context if that is shorter.
     *
     * @param tokens at least 1
     * @return this
     * @throws BadInputException if it is less than 2
     */
    public ImportanceCollector chunkTokens(int tokens) {
        if (tokens < 2) {
            throw BadInputException.ofSetting("chunk tokens", "at least 2", tokens);
        }
        chunkTokens = tokens;
        return this;
    }

    /**
     * Reads at most this many chunks; all unless set.
     *
     * @param chunks at least 1
     * @return this
     * @throws BadInputException if it is less than 1
     */
    public ImportanceCollector mostChunks(int chunks) {
        if (chunks < 1) {
            throw BadInputException.ofSetting("max chunks", "at least 1", chunks);
        }
        mostChunks = chunks;
        return this;
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public ImportanceCollector overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * What was collected.
     *
     * @param chunks texts that were read
     * @param tokens all together
     * @param tensors that have an importance now
     */
    public record Report(int chunks, long tokens, int tensors) {}

    /**
     * Reads and writes without telling anybody how far it is, see {@link #write(Path, Path, BiConsumer)}.
     *
     * @param text a file of UTF-8 text
     * @param target the file to write
     * @return what was written
     */
    public Report write(Path text, Path target) {
        return write(text, target, (done, all) -> {});
    }

    /**
     * Reads the text and writes the importance in llama.cpp's GGUF layout.
     *
     * @param text a file of UTF-8 text, of the kind that the model is for
     * @param target the file to write
     * @param listener told the number of chunks done and of all, after each
     * @return what was written
     * @throws BadInputException if the text cannot be read or is too short, or the target exists
     */
    public Report write(Path text, Path target, BiConsumer<Integer, Integer> listener) {
        List<Path> inputs =
                Stream.concat(Stream.of(text), model.path().stream()).toList();
        NewFile.at(target).overwrite(overwrite).inputs(inputs).check();
        int[] tokens = model.tokenizer().encode(read(text), false, false);
        OptionalInt bos = model.tokenizer().encode("", true, false).length > 0
                ? model.tokenizer().bos()
                : OptionalInt.empty();
        int length = Math.min(chunkTokens, model.contextLength());
        int body = length - (bos.isPresent() ? 1 : 0);
        int chunks = Math.min(mostChunks, Math.max(1, tokens.length / body));
        if (tokens.length == 0) {
            throw new BadInputException(text + ": expected text to collect importance from, found none");
        }
        long done = 0;
        int atOnce = Math.min(LOGITS_AT_ONCE, length);
        FloatBuffer logits = DirectBuffers.floats(Math.multiplyExact(atOnce, model.vocabSize()));
        try (SingleText reading = reading(length, atOnce)) {
            reading.collectInputs();
            for (int chunk = 0; chunk < chunks; chunk++) {
                int[] ids = chunk(tokens, chunk * body, Math.min(tokens.length, (chunk + 1) * body), bos);
                reading.clear();
                for (int from = 0; from < ids.length; from += atOnce) {
                    Interruption.check("collection of importance");
                    int n = Math.min(atOnce, ids.length - from);
                    reading.read(ids, from, n, EnginePool.Logits.ALL, logits);
                }
                done += ids.length;
                listener.accept(chunk + 1, chunks);
            }
            Map<String, ImportanceMatrix.Entry> entries = entries(reading);
            new ImportanceMatrix(target.toString(), List.of(text.getFileName().toString()), chunks, length, entries)
                    .write(target, overwrite);
            return new Report(chunks, done, entries.size());
        }
    }

    private SingleText reading(int maxTokens, int atOnce) {
        long limit = model.options().memoryLimitBytes();
        GgmlType cache = model.options().cache().type();
        return new SingleText(model.core(), maxTokens, atOnce, limit, cache, List.of());
    }

    private static int[] chunk(int[] tokens, int from, int to, OptionalInt bos) {
        int[] ids = new int[to - from + (bos.isPresent() ? 1 : 0)];
        bos.ifPresent(id -> ids[0] = id);
        System.arraycopy(tokens, from, ids, ids.length - (to - from), to - from);
        return ids;
    }

    private Map<String, ImportanceMatrix.Entry> entries(SingleText reading) {
        Map<String, ImportanceMatrix.Entry> entries = new LinkedHashMap<>();
        for (TensorSpec tensor : model.spec().tensors()) {
            DecoderModule module = tensor.place().module();
            if (module.isAdaptable() && module.inLayers() && tensor.kind() == TensorSpec.Kind.WEIGHT) {
                int columns = Math.toIntExact(tensor.columns());
                int matrices = model.spec().stacked(tensor.place());
                EnginePool.InputSquares squares =
                        reading.readInputs(module, tensor.place().layer(), columns, matrices);
                entries.putIfAbsent(tensor.name(), entry(squares, columns));
            }
        }
        return entries;
    }

    private static ImportanceMatrix.Entry entry(EnginePool.InputSquares squares, int columns) {
        float[] sums = new float[squares.sums().length];
        float[] counts = new float[squares.rows().length];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = (float) squares.sums()[i];
        }
        for (int i = 0; i < counts.length; i++) {
            counts[i] = squares.rows()[i];
        }
        return new ImportanceMatrix.Entry(columns, sums, counts);
    }

    private static String read(Path text) {
        try {
            return Files.readString(text);
        } catch (NoSuchFileException e) {
            throw new BadInputException(text + ": expected a text file, found no such file", e);
        } catch (CharacterCodingException e) {
            throw new BadInputException(text + ": expected UTF-8 text", e);
        } catch (IOException e) {
            throw FileFault.notRead(text, e);
        }
    }
}
