package dev.chaku;

import dev.chaku.gguf.GgmlType;
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
import dev.chaku.internal.engine.EngineSession;
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
    /** Tokens that were computed, in their order, by all sessions. */
    final List<Integer> computed = new ArrayList<>();

    boolean closed;

    @Override
    public EngineInfo describe() {
        return new EngineInfo(1, ComputePath.REFERENCE, ComputePath.REFERENCE, List.of("STUB"), 1 << 30);
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
        private boolean closed;

        StubAdapter(int rank) {
            this.rank = rank;
        }

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
        public MemoryPlan plan(EngineSession.Options options) {
            return nothing();
        }

        @Override
        public EngineSession session(EngineSession.Options options) {
            return new StubSession(vocabSize);
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
            return new StubPool(this);
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
        public EngineAdapter adapter(String source, float alpha, List<LoraPair> pairs) {
            return new StubAdapter(pairs.get(0).rank());
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** Texts that are sessions. */
    private static final class StubPool implements EnginePool {
        private final EngineModel model;

        StubPool(EngineModel model) {
            this.model = model;
        }

        @Override
        public int vocabSize() {
            return model.vocabSize();
        }

        @Override
        public EngineText text(int maxTokens) {
            return new StubText(
                    model, model.session(new EngineSession.Options(maxTokens, 0, 0, GgmlType.F32)), List.of());
        }

        @Override
        public Counts counts() {
            return new Counts(1, 1, 0, 0, 0);
        }

        @Override
        public void compute(List<Part> parts, FloatBuffer logits) {
            for (Part part : parts) {
                EngineSession session = ((StubText) part.text()).session;
                session.eval(part.tokens(), part.from(), part.n(), part.role(), part.logits(), logits);
            }
        }

        @Override
        public void cancel() {}

        @Override
        public void close() {}
    }

    private static final class StubText implements EngineText {
        private final EngineModel model;
        private final EngineSession session;
        private List<EngineSession.Worn> worn;

        StubText(EngineModel model, EngineSession session, List<EngineSession.Worn> worn) {
            this.model = model;
            this.session = session;
            this.worn = worn;
        }

        @Override
        public EngineText fork(int tokens) {
            EngineSession forked = model.session(new EngineSession.Options(1, 0, 0, GgmlType.F32));
            StubText text = new StubText(model, forked, worn);
            text.setAdapters(worn);
            forked.truncate(tokens);
            return text;
        }

        @Override
        public void setAdapters(List<EngineSession.Worn> now) {
            worn = now;
            session.setAdapters(now);
        }

        @Override
        public void truncate(int tokens) {
            session.truncate(tokens);
        }

        @Override
        public void takeSnapshot() {}

        @Override
        public void dropSnapshots() {}

        @Override
        public int length() {
            return session.length();
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private final class StubSession implements EngineSession {
        private final int vocabSize;
        private int length;
        private int added = 1;

        StubSession(int vocabSize) {
            this.vocabSize = vocabSize;
        }

        @Override
        public int vocabSize() {
            return vocabSize;
        }

        @Override
        public void setAdapters(List<Worn> worn) {
            added = 1;
            for (Worn one : worn) {
                added += Math.round(((StubAdapter) one.adapter()).rank * one.scale());
            }
        }

        @Override
        public void eval(int[] tokens, int from, int n, Role role, Logits which, FloatBuffer logits) {
            int rows = which == Logits.NONE ? 0 : which == Logits.LAST ? 1 : n;
            for (int i = 0; i < n; i++) {
                computed.add(tokens[from + i]);
            }
            for (int row = 0; row < rows; row++) {
                int next = (tokens[from + n - rows + row] + added) % vocabSize;
                for (int id = 0; id < vocabSize; id++) {
                    logits.put(logits.position() + row * vocabSize + id, id == next ? 20 : 0);
                }
            }
            length += n;
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
        public void truncate(int tokens) {
            length = tokens;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public void cancel() {}

        @Override
        public void close() {}
    }
}
