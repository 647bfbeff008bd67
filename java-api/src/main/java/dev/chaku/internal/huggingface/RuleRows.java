package dev.chaku.internal.huggingface;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.quantize.RowSource;
import dev.chaku.internal.quantize.Scratch;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The rows of a GGUF tensor out of those of a folder, as a rule says. A tensor is one matrix or several, each of
 * {@code rowsEach} rows.
 */
public final class RuleRows {
    private final SafetensorsFolder folder;
    private final TensorRule rule;
    private final List<String> names;
    private final RowOrder.Sizes sizes;
    private final long rowsEach;
    private final long columns;
    private final long sourceRows;
    private final long sourceColumns;
    private final int experts;

    private RuleRows(ModelConfig config, SafetensorsFolder folder, TensorRule rule, int layer) {
        this.folder = folder;
        this.rule = rule;
        this.names = sources(config, rule, layer);
        this.sizes = config.sizes();
        this.rowsEach = rule.layout() == Layout.EACH_ROW ? 1 : config.of(rule.rows());
        this.columns = config.of(rule.columns());
        this.sourceRows = rule.rowOrder().huggingFaceRows(rowsEach, sizes);
        this.sourceColumns = rule.columnOrder().huggingFaceRows(columns, sizes);
        this.experts = config.experts();
    }

    /** Names of the tensors that a rule's tensor is made of, in a layer. */
    public static List<String> sources(ModelConfig config, TensorRule rule, int layer) {
        long count = rule.layout() == Layout.EACH_EXPERT
                ? config.experts()
                : rule.layout() == Layout.EACH_ROW ? config.of(rule.rows()) : 1;
        return IntStream.range(0, Math.toIntExact(count))
                .mapToObj(e -> rule.source(layer, e))
                .toList();
    }

    /** Dimensions in the file. */
    public static long[] dims(ModelConfig config, TensorRule rule) {
        long rows = config.of(rule.rows());
        long columns = config.of(rule.columns());
        if (rule.layout() == Layout.HEADS || rule.layout() == Layout.HEADS_TURNED) {
            return new long[] {columns, rows / config.heads(), config.heads()};
        }
        if (rule.isStacked()) {
            return new long[] {columns, rows, config.experts()};
        }
        return rule.isVector() ? new long[] {columns} : new long[] {columns, rows};
    }

    /** @throws BadInputException if a tensor is missing or of another shape; the message names it */
    public static RowSource of(ModelConfig config, SafetensorsFolder folder, TensorRule rule, int layer) {
        RuleRows rows = new RuleRows(config, folder, rule, layer);
        if (rows.names.isEmpty()) {
            throw config.error("num_experts", "a positive integer", rows.experts);
        }
        RowSource source = rows.source();
        return switch (rule.values()) {
            case AS_IS -> source;
            case PLUS_ONE -> ChangedValues.plusOne(source);
            case MINUS_EXP -> ChangedValues.minusExp(source);
        };
    }

    private RowSource source() {
        String name = names.get(0);
        if (rule.layout() == Layout.ALL_EXPERTS_TURNED && Mxfp4Rows.isStored(folder, name)) {
            requireShape(Mxfp4Rows.blocks(name), List.of((long) experts, sourceRows, columns / 32, 16L));
            requireShape(Mxfp4Rows.scales(name), List.of((long) experts, sourceRows, columns / 32));
            return new Mxfp4Rows(folder, name, rowsEach, columns, rule.rowOrder(), sizes);
        }
        List<Long> shape =
                switch (rule.layout()) {
                    case PLAIN, EACH_EXPERT ->
                        rule.isVector() ? List.of(sourceColumns) : List.of(sourceRows, sourceColumns);
                    case EACH_ROW -> List.of(sourceColumns);
                    case HEADS -> List.of(sourceRows, sourceColumns);
                    case HEADS_TURNED ->
                        List.of((long) sizes.heads() * (sizes.keyDim() + sizes.valueDim()), sourceRows / sizes.heads());
                    case TURNED -> List.of(sourceColumns, sourceRows);
                    case TAPS -> List.of(sourceRows, 1L, sourceColumns);
                    case ALL_EXPERTS -> List.of((long) experts, sourceRows, sourceColumns);
                    case ALL_EXPERTS_TURNED -> List.of((long) experts, sourceColumns, sourceRows);
                };
        names.forEach(each -> requireShape(each, shape));
        if (rule.layout() == Layout.HEADS_TURNED) {
            long each = rowsEach / sizes.heads();
            return new TurnedRows(
                    folder,
                    name,
                    each,
                    columns,
                    (long) sizes.keyDim() + sizes.valueDim(),
                    i -> i / each,
                    i -> i % each,
                    folder.kept());
        }
        boolean turned =
                rule.layout() == Layout.ALL_EXPERTS_TURNED || (rule.layout() == Layout.TURNED && !rule.isVector());
        if (turned) {
            return new TurnedRows(
                    folder,
                    name,
                    sourceRows,
                    columns,
                    i -> i / rowsEach,
                    i -> rule.rowOrder().huggingFaceRow(i % rowsEach, rowsEach, sizes),
                    folder.kept());
        }
        return this::read;
    }

    private void read(long row, FloatBuffer target, Scratch scratch) {
        long rows = target.remaining() / columns;
        long done = 0;
        while (done < rows) {
            long at = row + done;
            long matrix = at / rowsEach;
            boolean together = rule.layout() == Layout.ALL_EXPERTS;
            String name = names.get(together ? 0 : (int) matrix);
            long within = at % rowsEach;
            long first = together ? matrix * sourceRows : 0;
            long from = first + rule.rowOrder().huggingFaceRow(within, rowsEach, sizes);
            long run = rule.columnOrder() == RowOrder.AS_IS ? run(within, Math.min(rows - done, rowsEach - within)) : 1;
            FloatBuffer slice = target.slice((int) (done * columns), (int) (run * columns));
            if (rule.columnOrder() == RowOrder.AS_IS) {
                folder.read(name, from * columns, slice, scratch);
            } else {
                readPicked(name, from, slice, scratch);
            }
            done += run;
        }
    }

    /** How many rows from one on are next to each other in the folder, too. */
    private long run(long row, long most) {
        if (rule.rowOrder() == RowOrder.AS_IS) {
            return most;
        }
        long from = rule.rowOrder().huggingFaceRow(row, rowsEach, sizes);
        long run = 1;
        while (run < most && rule.rowOrder().huggingFaceRow(row + run, rowsEach, sizes) == from + run) {
            run++;
        }
        return run;
    }

    private void readPicked(String name, long from, FloatBuffer target, Scratch scratch) {
        FloatBuffer plain = scratch.floats(Math.toIntExact(sourceColumns));
        folder.read(name, from * sourceColumns, plain, scratch);
        for (int c = 0; c < columns; c++) {
            target.put(c, plain.get((int) rule.columnOrder().huggingFaceRow(c, columns, sizes)));
        }
    }

    private void requireShape(String name, List<Long> expected) {
        List<Long> found = folder.require(name).shape();
        boolean fits = found.equals(expected) || (rule.isVector() && found.equals(List.of(1L, sourceColumns)));
        if (!fits) {
            throw new BadInputException(folder.fileOf(name) + ": tensor '" + name + "' expects the shape " + expected
                    + " by config.json, found " + found);
        }
    }
}
