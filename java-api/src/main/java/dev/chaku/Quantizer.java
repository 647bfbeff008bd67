package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.ModelFacts;
import dev.chaku.internal.arch.TensorFormats;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.model.FileProgressMeter;
import dev.chaku.internal.quantize.ErrorSums;
import dev.chaku.internal.quantize.GgufRows;
import dev.chaku.internal.quantize.ImportanceMatrix;
import dev.chaku.internal.quantize.TensorEncoder;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes a model's weights in other formats: GGUF to GGUF, tensor by tensor, in a memory of a few rows.
 *
 * <p>Which tensor gets which format is the choice of llama.cpp's quantizer for the same mix. Metadata stay as they are,
 * in their order, but for {@code general.file_type} and {@code general.quantization_version}. The bytes do not depend
 * on the number of threads. Not thread-safe.
 */
public final class Quantizer {
    /** Of the block formats, as the reference counts. */
    private static final int QUANTIZATION_VERSION = 2;

    private final Path model;
    private final WeightFormat format;
    private final List<TensorRule> rules = new ArrayList<>();
    private boolean pure;
    private @Nullable GgmlType outputType;
    private @Nullable GgmlType embeddingType;
    private @Nullable Path importance;
    private boolean allowRequantize;
    private boolean measure;
    private boolean overwrite;
    private int threads;

    private record TensorRule(Pattern pattern, GgmlType type) {}

    private Quantizer(Path model, WeightFormat format) {
        this.model = model;
        this.format = format;
    }

    /**
     * {@return a quantizer of a GGUF file to a mix}
     *
     * @param model a GGUF file, or a part of one
     * @param format the mix of formats
     */
    public static Quantizer of(Path model, WeightFormat format) {
        return new Quantizer(model, format);
    }

    /**
     * Whether all matrices get the mix's base format, whatever they are. They do not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public Quantizer pure(boolean on) {
        pure = on;
        return this;
    }

    /**
     * Gives a format to the matrices in whose name a regular expression is found. Of several that are, the first
     * counts; one that counts for none is an error when the file is planned or written.
     *
     * @param pattern looked for anywhere in the tensor's name
     * @param type a format that matrices may have
     * @return this
     * @throws BadInputException if the format cannot be written
     */
    public Quantizer tensorType(Pattern pattern, GgmlType type) {
        rules.add(new TensorRule(pattern, writable("tensor type", type)));
        return this;
    }

    /**
     * The format of the output projection, or of the embedding that serves as such; the mix's unless set.
     *
     * @param type a format that matrices may have
     * @return this
     */
    public Quantizer outputType(GgmlType type) {
        outputType = writable("output tensor type", type);
        return this;
    }

    /**
     * The format of the token embedding; the mix's unless set.
     *
     * @param type a format that matrices may have
     * @return this
     */
    public Quantizer embeddingType(GgmlType type) {
        embeddingType = writable("token embedding type", type);
        return this;
    }

    /**
     * A file with the importance of columns, of ours or llama.cpp's; without, all weigh alike.
     *
     * @param file in our layout or llama.cpp's
     * @return this
     */
    public Quantizer importance(Path file) {
        importance = file;
        return this;
    }

    /**
     * Whether tensors that are quantized already may be quantized again, which adds errors. They may not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public Quantizer allowRequantize(boolean on) {
        allowRequantize = on;
        return this;
    }

    /**
     * Whether the error is measured, which takes some more time. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public Quantizer measure(boolean on) {
        measure = on;
        return this;
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public Quantizer overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * Threads that compute; 0, the default, for one per core.
     *
     * @param count at least 0
     * @return this
     */
    public Quantizer threads(int count) {
        threads = ModelOptions.requireThreads(count);
        return this;
    }

    private static GgmlType writable(String setting, GgmlType type) {
        if (!TensorEncoder.canEncode(type)) {
            throw BadInputException.ofSetting(
                    setting,
                    "one of "
                            + Arrays.stream(GgmlType.values())
                                    .filter(TensorEncoder::canEncode)
                                    .map(GgmlType::name)
                                    .collect(Collectors.joining(", ")),
                    type + ", which can be read, not written");
        }
        return type;
    }

    /**
     * {@return what would be done to each tensor; nothing is written}
     *
     * @throws BadInputException if the file is damaged, no model, or quantized already
     */
    public QuantizationPlan plan() {
        GgufFile file = GgufFile.read(model);
        return plan(file, readImportance());
    }

    /**
     * Writes the file without telling anybody how far it is, see {@link #write(Path, Consumer)}.
     *
     * @param target the file to write
     * @return what was written
     */
    public QuantizationReport write(Path target) {
        return write(target, progress -> {});
    }

    /**
     * Writes the new file, whole or not at all.
     *
     * @param target the file to write
     * @param listener told of the progress from the calling thread, many times a second
     * @return what was written
     * @throws BadInputException as {@link #plan}, or if the new file exists, or a weight is not finite or too large for
     *     its format: the message names it and what to do
     * @throws ResourceException if the disk does not suffice
     * @throws OperationCancelledException if the thread is interrupted; nothing is left behind
     */
    public QuantizationReport write(Path target, Consumer<FileProgress> listener) {
        GgufFile file = GgufFile.read(model);
        NewFile.at(target)
                .overwrite(overwrite)
                .inputs(importance == null ? List.of(model) : List.of(model, importance))
                .check();
        Optional<ImportanceMatrix> weights = readImportance();
        QuantizationPlan plan = plan(file, weights);
        FileProgressMeter meter = new FileProgressMeter(
                plan.tensors().stream()
                        .mapToLong(QuantizationPlan.Tensor::elements)
                        .sum(),
                FileProgress.to(listener));
        GgufWriter writer = GgufWriter.to(target).overwrite(overwrite).putAll(file.metadata());
        writer.put("general.file_type", format.mix().fileType())
                .put("general.quantization_version", QUANTIZATION_VERSION);
        weights.ifPresent(matrix -> describe(matrix, writer));
        ErrorSum errors = new ErrorSum();
        try (TensorEncoder encoder = new TensorEncoder(threads)) {
            for (QuantizationPlan.Tensor planned : plan.tensors()) {
                GgufTensor tensor = file.requireTensor(planned.name());
                writer.tensor(tensor.name(), planned.to(), tensor.dims(), out -> {
                    meter.begin(tensor.name());
                    if (planned.to() == planned.from()) {
                        requireFinite(file, tensor);
                        file.copyOf(tensor).writeTo(out);
                        meter.add(tensor.elements());
                    } else {
                        errors.add(encode(encoder, file, planned, weights, out, meter));
                    }
                });
            }
            writer.write();
        }
        OptionalDouble relative = measure ? OptionalDouble.of(errors.sums.relative()) : OptionalDouble.empty();
        return new QuantizationReport(plan, size(target), relative);
    }

    private ErrorSums encode(
            TensorEncoder encoder,
            GgufFile file,
            QuantizationPlan.Tensor planned,
            Optional<ImportanceMatrix> weights,
            WritableByteChannel out,
            FileProgressMeter meter)
            throws IOException {
        GgufTensor tensor = file.requireTensor(planned.name());
        List<FloatBuffer> columns = weights.flatMap(matrix -> matrix.of(tensor)).orElse(List.of());
        return encoder.encode(
                new TensorEncoder.Work(
                        file.path() + ": tensor " + tensor.name(),
                        new GgufRows(file, tensor),
                        tensor.dim(0),
                        tensor.elements() / tensor.dim(0),
                        planned.to(),
                        columns,
                        measure),
                out,
                meter::add);
    }

    /**
     * What is copied as it is may be no better than what is encoded; formats that the core does not know stay unread.
     */
    private static void requireFinite(GgufFile file, GgufTensor tensor) {
        if (Engines.codec().describe(tensor.type()).isPresent()) {
            new GgufRows(file, tensor).requireFinite();
        }
    }

    private static void describe(ImportanceMatrix matrix, GgufWriter writer) {
        writer.put("quantize.imatrix.file", matrix.source())
                .put("quantize.imatrix.dataset", String.join(", ", matrix.datasets()))
                .put("quantize.imatrix.entries_count", matrix.entries().size())
                .put("quantize.imatrix.chunks_count", matrix.chunks());
    }

    private Optional<ImportanceMatrix> readImportance() {
        return Optional.ofNullable(importance).map(ImportanceMatrix::read);
    }

    private QuantizationPlan plan(GgufFile file, Optional<ImportanceMatrix> weights) {
        refuseOtherThanWholeModels(file);
        List<String> names = file.tensors().stream().map(GgufTensor::name).toList();
        TensorFormats formats =
                new TensorFormats(format.mix(), ModelFacts.of(file.metadata()), names, weights.isPresent());
        Choices choices = new Choices(formats);
        List<QuantizationPlan.Tensor> tensors = file.tensors().stream()
                .map(tensor -> plan(file, tensor, choices, weights))
                .toList();
        choices.requireUsed();
        return new QuantizationPlan(format, tensors);
    }

    private QuantizationPlan.Tensor plan(
            GgufFile file, GgufTensor tensor, Choices choices, Optional<ImportanceMatrix> weights) {
        GgmlType to = tensor.type();
        boolean fellBack = false;
        if (TensorFormats.isConvertible(tensor.name(), tensor.rank())) {
            GgmlType wanted = choices.of(tensor);
            to = TensorFormats.fitting(wanted, tensor.dim(0));
            fellBack = to != wanted;
        }
        if (to != tensor.type() && tensor.type().isQuantized() && !allowRequantize) {
            throw new BadInputException(file.path() + ": tensor " + tensor.name() + " is " + tensor.type()
                    + " already; quantizing it again to " + to
                    + " adds errors: take the original model, or allow it (--allow-requantize)");
        }
        boolean weighted = to != tensor.type()
                && to.isQuantized()
                && weights.flatMap(matrix -> matrix.of(tensor)).isPresent();
        return new QuantizationPlan.Tensor(
                tensor.name(),
                tensor.dims(),
                tensor.type(),
                to,
                fellBack,
                weighted,
                tensor.bytes(),
                to.tensorBytes(tensor.dims()));
    }

    /** The format of each matrix, and which of the settings decided one: the others are mistakes. */
    private final class Choices {
        private final TensorFormats formats;
        private final Set<TensorRule> usedRules = new HashSet<>();
        private boolean usedOutput;
        private boolean usedEmbedding;

        Choices(TensorFormats formats) {
            this.formats = formats;
        }

        GgmlType of(GgufTensor tensor) {
            String name = tensor.name();
            if (embeddingType != null && TensorFormats.isEmbedding(name)) {
                usedEmbedding = true;
                return embeddingType;
            }
            if (outputType != null && formats.isOutput(name)) {
                usedOutput = true;
                return outputType;
            }
            Optional<TensorRule> rule =
                    rules.stream().filter(o -> o.pattern.matcher(name).find()).findFirst();
            if (rule.isPresent()) {
                usedRules.add(rule.get());
                return rule.get().type;
            }
            return pure ? format.mix().base() : formats.of(name, tensor.dim(0), tensor.dim(2) > 1);
        }

        void requireUsed() {
            for (TensorRule rule : rules) {
                if (!usedRules.contains(rule)) {
                    throw BadInputException.ofSetting(
                            "tensor type",
                            "an expression that is found in the name of a matrix, which no other setting decides",
                            "'" + rule.pattern + "', which decides none");
                }
            }
            if (outputType != null && !usedOutput) {
                throw BadInputException.ofSetting(
                        "output tensor type", "a model with an output projection to give it to", "none");
            }
            if (embeddingType != null && !usedEmbedding) {
                throw BadInputException.ofSetting(
                        "token embedding type", "a model with a token embedding to give it to", "none");
            }
        }
    }

    private static void refuseOtherThanWholeModels(GgufFile file) {
        GgufMetadata metadata = file.metadata();
        String type = metadata.findString("general.type").orElse("model");
        if (!type.equals("model")) {
            throw new BadInputException(
                    file.path() + ": expected a model (general.type model), found general.type " + type);
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    /** Filled while the file is written. */
    private static final class ErrorSum {
        private ErrorSums sums = ErrorSums.NONE;

        void add(ErrorSums more) {
            sums = sums.plus(more);
        }
    }
}
