package dev.chaku.internal.quantize;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The importance of the columns of a model's matrices: mean squares of what goes into them. Immutable.
 *
 * <p>Files are those of llama.cpp: GGUF of general.type imatrix; of a tensor NAME the sums of squares NAME.in_sum2
 * [columns, matrices] and the numbers of rows NAME.counts [1, matrices], both F32.
 *
 * @param source for messages: the file
 * @param datasets what it was made from
 * @param chunks texts that were added up
 * @param chunkTokens tokens of each
 * @param entries by the full name of the tensor, for instance {@code blk.0.attn_q.weight}
 */
public record ImportanceMatrix(
        String source, List<String> datasets, int chunks, int chunkTokens, Map<String, Entry> entries) {
    private static final String SUMS = ".in_sum2";
    private static final String COUNTS = ".counts";

    public ImportanceMatrix {
        datasets = List.copyOf(datasets);
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /**
     * Of one tensor.
     *
     * @param columns of each of its matrices
     * @param sums of squares [matrices][columns], in one array
     * @param counts rows that were added up, of each matrix
     */
    public record Entry(int columns, float[] sums, float[] counts) {
        /**
         * Mean squares per column, one direct buffer for each matrix; a matrix that nothing went into weighs all alike.
         */
        List<FloatBuffer> means() {
            List<FloatBuffer> means = new ArrayList<>();
            for (int m = 0; m < counts.length; m++) {
                FloatBuffer values = ByteBuffer.allocateDirect(columns * Float.BYTES)
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer();
                for (int c = 0; c < columns; c++) {
                    values.put(c, counts[m] > 0 ? sums[m * columns + c] / counts[m] : 1);
                }
                means.add(values);
            }
            return means;
        }
    }

    /**
     * Reads a file.
     *
     * @throws BadInputException if it is damaged or no importance matrix; the message names file and tensor
     */
    public static ImportanceMatrix read(Path path) {
        GgufFile file = GgufFile.read(path);
        String type = file.metadata().findString("general.type").orElse("none");
        if (!type.equals("imatrix")) {
            throw new BadInputException(
                    path + ": expected an importance matrix (general.type imatrix), found general.type " + type);
        }
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (GgufTensor sums : file.tensors()) {
            if (sums.name().endsWith(SUMS)) {
                String name = sums.name().substring(0, sums.name().length() - SUMS.length());
                entries.put(name, entry(file, sums, file.requireTensor(name + COUNTS)));
            }
        }
        List<String> datasets = file.metadata()
                .findStrings("imatrix.datasets")
                .map(strings -> strings.toList())
                .orElse(List.of());
        return new ImportanceMatrix(
                path.toString(),
                datasets,
                file.metadata().findInt("imatrix.chunk_count").orElse(0),
                file.metadata().findInt("imatrix.chunk_size").orElse(0),
                entries);
    }

    private static Entry entry(GgufFile file, GgufTensor sums, GgufTensor counts) {
        boolean fits = sums.type() == GgmlType.F32
                && counts.type() == GgmlType.F32
                && counts.dim(0) == 1
                && sums.dim(1) == counts.dim(1)
                && sums.rank() <= 2
                && counts.rank() <= 2
                && sums.bytes() <= Integer.MAX_VALUE;
        if (!fits) {
            throw new BadInputException(
                    file.path() + ": expected F32 sums [columns, matrices] and counts [1, matrices], found " + sums
                            + " and " + counts);
        }
        float[] values = floats(file, sums);
        float[] rows = floats(file, counts);
        return new Entry((int) sums.dim(0), values, rows);
    }

    private static float[] floats(GgufFile file, GgufTensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        file.readTensor(tensor).asFloatBuffer().get(values);
        requireUsable(file.path() + ": tensor " + tensor.name(), values);
        return values;
    }

    private static void requireUsable(String what, float[] values) {
        for (float value : values) {
            if (!(value >= 0) || Float.isInfinite(value)) {
                throw new BadInputException(what + ": expected finite values that are not negative, found " + value);
            }
        }
    }

    /**
     * Writes it to a new file, see {@link GgufWriter#write}.
     *
     * @throws BadInputException if a sum is not finite, so that {@link #read} would refuse the file
     */
    public void write(Path path, boolean overwrite) {
        entries.forEach((name, entry) -> requireUsable(path + ": importance of tensor " + name, entry.sums()));
        GgufWriter writer = GgufWriter.to(path)
                .overwrite(overwrite)
                .put("general.type", "imatrix")
                .put("imatrix.datasets", GgufValue.of(datasets))
                .put("imatrix.chunk_count", chunks)
                .put("imatrix.chunk_size", chunkTokens);
        entries.forEach((name, entry) -> {
            long matrices = entry.counts().length;
            writer.tensor(name + SUMS, GgmlType.F32, new long[] {entry.columns(), matrices}, bytes(entry.sums()));
            writer.tensor(name + COUNTS, GgmlType.F32, new long[] {1, matrices}, bytes(entry.counts()));
        });
        writer.write();
    }

    private static ByteBuffer bytes(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    /**
     * What squared errors of a tensor's columns weigh, one direct buffer for each of its matrices; nothing if the file
     * has none for it.
     *
     * @throws BadInputException if the file's are of another shape than the tensor
     */
    public Optional<List<FloatBuffer>> of(GgufTensor tensor) {
        Entry entry = entries.get(tensor.name());
        if (entry == null) {
            return Optional.empty();
        }
        if (entry.columns() != tensor.dim(0) || entry.counts().length != tensor.dim(2) * tensor.dim(3)) {
            throw new BadInputException(source + ": importance of tensor " + tensor.name() + " expects " + tensor.dim(0)
                    + " columns of " + tensor.dim(2) * tensor.dim(3) + " matrices, found " + entry.columns() + " of "
                    + entry.counts().length);
        }
        return Optional.of(entry.means());
    }
}
