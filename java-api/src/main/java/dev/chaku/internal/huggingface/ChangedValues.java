package dev.chaku.internal.huggingface;

import dev.chaku.internal.quantize.RowSource;

/** Rows with a function of each number. */
public final class ChangedValues {
    private ChangedValues() {}

    private interface Function {
        float of(float value);
    }

    /** 1 more than they are. */
    public static RowSource plusOne(RowSource source) {
        return changed(source, value -> value + 1);
    }

    /** What they are the logarithm of, below 0. */
    public static RowSource minusExp(RowSource source) {
        return changed(source, value -> (float) -Math.exp(value));
    }

    private static RowSource changed(RowSource source, Function function) {
        return (row, target, scratch) -> {
            source.read(row, target.duplicate(), scratch);
            for (int i = 0; i < target.limit(); i++) {
                target.put(i, function.of(target.get(i)));
            }
        };
    }
}
