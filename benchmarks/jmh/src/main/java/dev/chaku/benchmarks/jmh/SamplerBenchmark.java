package dev.chaku.benchmarks.jmh;

import dev.chaku.internal.generate.Sampler;
import dev.chaku.generate.SamplingOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One token from the logits of a vocabulary of 128256. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SamplerBenchmark {
    private static final int VOCABULARY = 128_256;

    @Param({"greedy", "default", "penalties", "temperature"})
    public String options;

    private Sampler sampler;
    private FloatBuffer logits;

    /** Draws logits as spread out as a model's. */
    @Setup
    public void prepare() {
        SamplingOptions chosen =
                switch (options) {
                    case "greedy" -> SamplingOptions.greedy();
                    case "default" -> SamplingOptions.defaults();
                    case "penalties" ->
                        SamplingOptions.defaults().withPenalties(new SamplingOptions.Repetition(64, 1.1f, 0, 0));
                    // All tokens stay: the dearest case.
                    case "temperature" ->
                        SamplingOptions.defaults().withTopK(0).withTopP(1).withMinP(0);
                    default -> throw new IllegalArgumentException(options);
                };
        sampler = new Sampler(chosen, VOCABULARY);
        logits = ByteBuffer.allocateDirect(VOCABULARY * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        Random random = new Random(4);
        for (int i = 0; i < VOCABULARY; i++) {
            logits.put(i, 3 * (float) random.nextGaussian());
        }
    }

    /** Picks a token and takes it into account for the next. */
    @Benchmark
    public int sample() {
        int token = sampler.sample(logits);
        sampler.accept(token);
        return token;
    }
}
