package dev.chaku.internal.model;

import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.io.Interruption;
import java.time.Duration;

/**
 * Counts elements that are written, tells a listener, and ends the writing when the thread is interrupted. Not
 * thread-safe.
 */
public final class FileProgressMeter {
    /** Is told how far the writing is. */
    public interface Listener {
        /**
         * @param tensor being written
         * @param done elements written
         * @param total elements of the file
         */
        void at(String tensor, long done, long total, Duration elapsed);
    }

    private final long total;
    private final Listener listener;
    private final long startNs = System.nanoTime();
    private String tensor = "";
    private long done;

    public FileProgressMeter(long total, Listener listener) {
        this.total = total;
        this.listener = listener;
    }

    public void begin(String name) {
        tensor = name;
        add(0);
    }

    /** A source of a tensor's data that tells of them. */
    public GgufWriter.TensorSource watching(GgufTensor of, GgufWriter.TensorSource source) {
        return out -> {
            begin(of.name());
            source.writeTo(out);
            add(of.elements());
        };
    }

    public void add(long elements) {
        Interruption.check("writing of the file");
        done += elements;
        listener.at(tensor, done, total, Duration.ofNanos(System.nanoTime() - startNs));
    }
}
