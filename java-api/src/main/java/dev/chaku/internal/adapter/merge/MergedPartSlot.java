package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.quantize.Scratch;
import java.nio.ByteBuffer;

/** Buffers of a part of a merged tensor, and what came of it. One task at a time. */
public final class MergedPartSlot {
    final Scratch blocks = new Scratch();
    final Scratch base = new Scratch();
    final Scratch merged = new Scratch();
    final Scratch output = new Scratch();
    final TermBuffers terms = new TermBuffers();
    ByteBuffer encoded = output.bytes(0);
    MergeSums sums = MergeSums.NONE;
    MergeSums weighted = MergeSums.NONE;
    long elements;

    /** What is written. */
    ByteBuffer encoded() {
        return encoded.duplicate();
    }

    MergeSums sums() {
        return sums;
    }

    /** By the importance of columns. */
    MergeSums weighted() {
        return weighted;
    }

    long elements() {
        return elements;
    }
}
