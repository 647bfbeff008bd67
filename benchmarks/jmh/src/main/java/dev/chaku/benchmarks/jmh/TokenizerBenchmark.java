package dev.chaku.benchmarks.jmh;

import dev.chaku.text.Tokenizer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A megabyte of text to tokens and back: operations per second are MB/s. */
@State(Scope.Thread)
public class TokenizerBenchmark {
    @Param({"bpe", "spm", "wordpiece"})
    public String kind;

    private Tokenizer tokenizer;
    private String text;
    private int[] ids;

    /** Makes text and vocabulary. */
    @Setup
    public void prepare() {
        tokenizer = Vocabularies.tokenizer(kind);
        text = new GeneratedText(3).exactly(GeneratedText.MEGABYTE);
        ids = tokenizer.encode(text, false, false);
        double bytesPerToken = (double) GeneratedText.MEGABYTE / ids.length;
        if (bytesPerToken < 1.5) {
            throw new IllegalStateException(kind + ": expected tokens of 1.5 bytes or more, found " + bytesPerToken);
        }
    }

    /** Text to tokens. */
    @Benchmark
    public int[] encode() {
        return tokenizer.encode(text, false, false);
    }

    /** Tokens to text. */
    @Benchmark
    public String decode() {
        return tokenizer.decode(ids, false);
    }
}
