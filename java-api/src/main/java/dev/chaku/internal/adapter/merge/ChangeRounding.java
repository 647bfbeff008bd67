package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.ChangeRows;
import dev.chaku.internal.engine.lookup.Engines;
import java.nio.ByteBuffer;

/**
 * Rounding that sees the change, without data: an adapter acts through the few directions of its A alone, so codes are
 * chosen with {@link ErrorFeedback} to be right along these. Scales are those of the base's blocks, on whose grid the
 * base's values lie. Where a row's codes reach the end of their range, or the format changes, scales of a search are
 * tried too, and the better by the feedback's own measure is taken. Thread-safe.
 */
final class ChangeRounding implements BlockRounding {
    private final TermGroups groups;

    private ChangeRounding(TermGroups groups) {
        this.groups = groups;
    }

    /** A way to round a format, if its codes are levels; else the quantizer's own. */
    static BlockRounding of(GgmlType type, TermGroups groups) {
        return Engines.changeRows().hasLevels(type) ? new ChangeRounding(groups) : PLAIN;
    }

    @Override
    public void round(Rows rows) {
        int columns = rows.columns();
        int rowBytes = Math.toIntExact(rows.type().rowBytes(columns));
        ByteBuffer blocks = rows.blocks();
        TermBuffers buffers = rows.buffers();
        groups.visit(rows.first(), rows.merged().limit() / columns, (group, from, count) -> {
            ChangeRows.Rounding rounding = new ChangeRows.Rounding(
                    rows.type(),
                    columns,
                    group.rank(),
                    rows.merged().slice(from * columns, count * columns),
                    blocks == null ? null : blocks.slice(from * rowBytes, count * rowBytes),
                    rows.importance(),
                    buffers.along(group),
                    buffers.aims(group));
            Engines.changeRows().roundAlong(rounding, rows.target().slice(from * rowBytes, count * rowBytes));
        });
    }
}
