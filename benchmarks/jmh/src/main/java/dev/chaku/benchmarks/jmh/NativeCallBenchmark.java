package dev.chaku.benchmarks.jmh;

import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.core.NativeFormats;
import dev.chaku.internal.core.NativeLibrary;
import dev.chaku.internal.core.binding.generated.chaku;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a call into the core costs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NativeCallBenchmark {
    /** Of Q8_0. */
    private static final int DTYPE = 8;

    private ByteBuffer block;
    private FloatBuffer floats;

    /** Loads the library. */
    @Setup
    public void prepare() {
        NativeLibrary.load();
        block = DirectBuffers.bytes(34);
        floats = DirectBuffers.floats(32);
    }

    /** A call that does nothing. */
    @Benchmark
    public int version() {
        return chaku.chaku_version();
    }

    /** A call with two direct buffers that decodes one block, with the checks on both sides. */
    @Benchmark
    public FloatBuffer dequantizeOneBlock() {
        NativeFormats.dequantize(DTYPE, block, floats);
        return floats;
    }
}
