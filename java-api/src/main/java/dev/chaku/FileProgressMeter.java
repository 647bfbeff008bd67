package dev.chaku;

import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.io.Interruption;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Counts elements that are written, tells a listener, and ends the writing when the thread is interrupted. Not
 * thread-safe.
 */
final class FileProgressMeter {
    private final long total;
    private final Consumer<FileProgress> listener;
    private final long startNs = System.nanoTime();
    private String tensor = "";
    private long done;

    FileProgressMeter(long total, Consumer<FileProgress> listener) {
        this.total = total;
        this.listener = listener;
    }

    void begin(String name) {
        tensor = name;
        add(0);
    }

    /** A source of a tensor's data that tells of them. */
    GgufWriter.TensorSource watching(GgufTensor of, GgufWriter.TensorSource source) {
        return out -> {
            begin(of.name());
            source.writeTo(out);
            add(of.elements());
        };
    }

    void add(long elements) {
        Interruption.check("writing of the file");
        done += elements;
        listener.accept(new FileProgress(tensor, done, total, Duration.ofNanos(System.nanoTime() - startNs)));
    }
}
