package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Rounding that sees the change, without data: an adapter acts through the few directions of its A alone, so codes are
 * chosen by {@link ErrorFeedback} to be right along these. Scales are those of the base's blocks, on whose grid the
 * base's values lie; or the quantizer's, where the format changes. Where a row's codes reach the end of their range the
 * quantizer's blocks are tried too: with feedback and as they are; the best by the feedback's own measure is taken.
 * Thread-safe.
 */
final class ChangeRounding implements BlockRounding {
    private final CodeGrid grid;
    private final List<LowRankTerm> terms;
    private final Map<List<LowRankTerm>, ErrorFeedback> known = new ConcurrentHashMap<>();

    ChangeRounding(CodeGrid grid, List<LowRankTerm> terms) {
        this.grid = grid;
        this.terms = terms;
    }

    /** A way to round a format, if its codes have even steps; else the quantizer's own. */
    static BlockRounding of(GgmlType type, List<LowRankTerm> terms) {
        return CodeGrid.of(type)
                .<BlockRounding>map(grid -> new ChangeRounding(grid, terms))
                .orElse(PLAIN);
    }

    @Override
    public void round(Rows rows) {
        int count = rows.merged().limit() / rows.columns();
        RowCodes codes = new RowCodes(grid, rows.columns());
        for (int row = 0; row < count; ) {
            List<LowRankTerm> own = termsOf(rows.first() + row);
            int end = row + 1;
            while (end < count
                    && end - row < RowCodes.LANES
                    && termsOf(rows.first() + end).equals(own)) {
                end++;
            }
            ErrorFeedback feedback = known.computeIfAbsent(own, terms -> ErrorFeedback.of(terms, rows.columns()));
            round(rows, codes, feedback, row, end - row);
            row = end;
        }
    }

    private List<LowRankTerm> termsOf(long row) {
        if (terms.size() == 1) {
            return terms;
        }
        List<LowRankTerm> own = new ArrayList<>();
        for (LowRankTerm term : terms) {
            if (term.rows().local(row) >= 0) {
                own.add(term);
            }
        }
        return own;
    }

    private void round(Rows rows, RowCodes codes, ErrorFeedback feedback, int row, int count) {
        int rowBytes = codes.rowBytes();
        FloatBuffer values = rows.merged().slice(row * rows.columns(), count * rows.columns());
        ByteBuffer target = rows.target().slice(row * rowBytes, count * rowBytes);
        codes.load(values, count);
        if (rows.blocks() == null) {
            ByteBuffer plain = quantized(rows, values, count * rowBytes);
            codes.choose(plain, feedback);
            codes.write(plain, target);
            return;
        }
        ByteBuffer base = rows.blocks().slice(row * rowBytes, count * rowBytes);
        codes.choose(base, feedback);
        codes.write(base, target);
        if (codes.anyClipped()) {
            chooseAmong(rows, codes, feedback, values, target);
        }
    }

    /** For each row whose codes were clipped: the best of these, the quantizer's scales and the quantizer's blocks. */
    private void chooseAmong(Rows rows, RowCodes codes, ErrorFeedback feedback, FloatBuffer values, ByteBuffer target) {
        int count = target.limit() / codes.rowBytes();
        boolean[] clipped = codes.clipped();
        double[] best = codes.errors(target, feedback);
        ByteBuffer plain = quantized(rows, values, target.limit());
        ByteBuffer other = DirectBuffers.bytes(target.limit());
        codes.choose(plain, feedback);
        codes.write(plain, other);
        for (ByteBuffer candidate : List.of(other, plain)) {
            double[] errors = codes.errors(candidate, feedback);
            for (int i = 0; i < count; i++) {
                if (clipped[i] && errors[i] < best[i]) {
                    best[i] = errors[i];
                    target.put(i * codes.rowBytes(), candidate, i * codes.rowBytes(), codes.rowBytes());
                }
            }
        }
    }

    private static ByteBuffer quantized(Rows rows, FloatBuffer values, int bytes) {
        ByteBuffer blocks = DirectBuffers.bytes(bytes);
        Engines.codec().quantize(rows.type(), values, rows.importance(), blocks);
        return blocks;
    }
}
