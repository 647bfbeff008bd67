package dev.chaku;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.engine.ComputePath;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineEncoder;
import dev.chaku.internal.engine.EngineInfo;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.MemoryPlan;
import dev.chaku.internal.engine.TrainerOptions;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * An engine without a core: the token that follows token t is t + 1, and every adapter that is worn adds its rank times
 * its scale to that.
 */
final class StubEngine implements Engine {
    /** Tokens that were computed, in their order, of all texts. */
    final List<Integer> computed = new ArrayList<>();

    boolean closed;

    @Override
    public EngineInfo describe() {
        return new EngineInfo(1, ComputePath.REFERENCE, ComputePath.REFERENCE, List.of("STUB"), 1 << 30, null, "");
    }

    @Override
    public EngineModel load(DecoderSpec spec, GgufFile file, Supplier<Optional<String>> fault) {
        return new StubModel(spec.decoder().vocabSize());
    }

    @Override
    public EngineModel random(DecoderSpec spec, long seed) {
        return new StubModel(spec.decoder().vocabSize());
    }

    @Override
    public void close() {
        closed = true;
    }

    private static MemoryPlan nothing() {
        return new MemoryPlan(0, 0, 0, 0, 0, 0, 1 << 30);
    }

    private static final class StubAdapter implements EngineAdapter {
        private final int rank;
        private final String contentHash;
        private boolean closed;

        StubAdapter(int rank, String contentHash) {
            this.rank = rank;
            this.contentHash = contentHash;
        }

        @Override
        public String contentHash() {
            return contentHash;
        }

        @Override
        public void hold() {}

        @Override
        public void release() {}

        @Override
        public boolean isClosed() {
            return closed;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final class StubModel implements EngineModel {
        private final int vocabSize;
        private boolean closed;

        StubModel(int vocabSize) {
            this.vocabSize = vocabSize;
        }

        @Override
        public int vocabSize() {
            return vocabSize;
        }

        @Override
        public Optional<String> faultyWeight() {
            return Optional.empty();
        }

        @Override
        public boolean isClosed() {
            return closed;
        }

        @Override
        public MemoryPlan plan(EnginePool.Options options) {
            return nothing();
        }

        @Override
        public EngineEncoder encoder(EngineEncoder.Options options) {
            throw new UnsupportedOperationException("no encoder");
        }

        @Override
        public EnginePool pool(EnginePool.Options options) {
            return new StubPool(vocabSize);
        }

        @Override
        public MemoryPlan plan(TrainerOptions options) {
            return nothing();
        }

        @Override
        public EngineTrainer trainer(TrainerOptions options) {
            throw new UnsupportedOperationException("this engine does not train");
        }

        @Override
        public EngineAdapter adapter(
                String source,
                String contentHash,
                float alpha,
                List<LoraPair> pairs,
                List<dev.chaku.internal.engine.SavedWeight> saved) {
            return new StubAdapter(pairs.get(0).rank(), contentHash);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final class StubPool implements EnginePool {
        private final int vocabSize;
        private List<Part> held = List.of();

        StubPool(int vocabSize) {
            this.vocabSize = vocabSize;
        }

        @Override
        public int vocabSize() {
            return vocabSize;
        }

        @Override
        public EngineText text(int maxTokens) {
            return new StubText();
        }

        @Override
        public Counts counts() {
            return new Counts(1, 1, 0, 0, 0);
        }

        @Override
        public void compute(List<Part> parts, FloatBuffer logits) {
            for (Part part : parts) {
                compute(part, (StubText) part.text(), logits);
            }
        }

        @Override
        public void hold(List<Part> parts) {
            held = parts;
        }

        /** One piece is all. */
        @Override
        public boolean advance(int layers, FloatBuffer logits) {
            compute(held, logits);
            return true;
        }

        @Override
        public void abandon() {
            held = List.of();
        }

        private void compute(Part part, StubText text, FloatBuffer logits) {
            int end = part.from() + part.n();
            for (int i = part.from(); i < end; i++) {
                computed.add(part.tokens()[i]);
            }
            int rows = part.rows();
            for (int row = 0; row < rows; row++) {
                int next = (part.tokens()[end - rows + row] + text.added) % vocabSize;
                for (int id = 0; id < vocabSize; id++) {
                    logits.put(logits.position() + row * vocabSize + id, id == next ? 20 : 0);
                }
            }
            text.length += part.n();
        }

        @Override
        public void collectInputs() {
            throw new UnsupportedOperationException("this engine collects nothing");
        }

        @Override
        public InputSquares readInputs(DecoderModule module, int layer, int columns, int matrices) {
            throw new UnsupportedOperationException("this engine collects nothing");
        }

        @Override
        public void cancel() {}

        @Override
        public void close() {}
    }

    private static final class StubText implements EngineText {
        private int length;
        private int added = 1;

        @Override
        public EngineText fork(int tokens) {
            StubText text = new StubText();
            text.length = tokens;
            text.added = added;
            return text;
        }

        @Override
        public void setAdapters(List<Worn> worn) {
            added = 1;
            for (Worn one : worn) {
                added += Math.round(((StubAdapter) one.adapter()).rank * one.scale());
            }
        }

        @Override
        public void truncate(int tokens) {
            length = tokens;
        }

        @Override
        public void takeSnapshot() {}

        @Override
        public void dropSnapshots() {}

        @Override
        public int length() {
            return length;
        }

        @Override
        public void close() {}
    }
}
