package dev.chaku.internal.adapter.proof;

import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.generate.LogitDifference;
import dev.chaku.internal.generate.LogitRow;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Interruption;
import dev.chaku.internal.model.LoadedAdapter;
import dev.chaku.internal.model.LoadedModel;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;

/**
 * Computes texts by several ways at once, a few positions at a time, and compares each with the base that wears the
 * adapter. Ways are added, then compared once. Not thread-safe.
 */
public final class ProofRun {
    /** Positions at a time: each way holds as many rows of logits. */
    private static final int ROWS = 32;

    private static final String REFERENCE = "base+adapter";

    /** A text and the positions of it that count. */
    public record Text(int[] tokens, boolean[] counts, int positions) {
        /**
         * The first positions that count.
         *
         * @param weights position i counts if it trains the prediction of token i + 1
         * @param most positions
         */
        public static Text of(int[] tokens, float[] weights, int most) {
            boolean[] counts = new boolean[tokens.length];
            int n = 0;
            for (int i = 0; i + 1 < tokens.length && n < most; i++) {
                counts[i] = weights[i] != 0;
                n += counts[i] ? 1 : 0;
            }
            return new Text(tokens, counts, n);
        }

        private int first() {
            int first = 0;
            while (!counts[first]) {
                first++;
            }
            return first;
        }

        private int end() {
            int end = counts.length;
            while (!counts[end - 1]) {
                end--;
            }
            return end;
        }
    }

    /** See {@code dev.chaku.AdapterProof.Pair}. */
    public record Pair(
            String a,
            String b,
            double maxDifference,
            double kl,
            double top1Agreement,
            OptionalDouble kept,
            String bound,
            boolean pass) {}

    /** What was found. */
    public record Found(List<Pair> pairs, long positions, double change, List<String> notes) {}

    private record Way(String name, ProofBound bound, boolean merged, boolean first, Opening opening) {}

    /** Opens a way for texts of so many tokens. */
    private interface Opening {
        LogitSource open(int maxTokens);
    }

    private final LoadedModel model;
    private final LoadedAdapter adapter;
    private final long memoryLimitBytes;
    private final List<Way> ways = new ArrayList<>();

    public ProofRun(LoadedModel model, LoadedAdapter adapter, long memoryLimitBytes) {
        this.model = model;
        this.adapter = adapter;
        this.memoryLimitBytes = memoryLimitBytes;
    }

    private DecoderSpec spec() {
        return model.spec();
    }

    /** Adds the training's way. */
    public void addTrainer() {
        AdapterWeights weights = adapter.weights();
        ways.add(new Way(
                "trainer",
                ProofBound.TRAINER,
                false,
                true,
                tokens -> new TrainerLogits(model.core(), spec(), weights, tokens, memoryLimitBytes)));
    }

    /** Adds another adapter over the same base, which is to say the same. */
    public void addAdapter(String name, LoadedAdapter other) {
        boolean same = sameBits(adapter.weights().split(spec()), other.weights().split(spec()))
                && adapter.weights().alpha() == other.weights().alpha();
        ways.add(new Way(
                name,
                same ? ProofBound.SAME_BITS : ProofBound.RESCALED,
                false,
                false,
                tokens -> text(model, tokens, List.of(worn(other)))));
    }

    /** Adds the model that the adapter was merged into. */
    public void addMerged(LoadedModel merged) {
        boolean floats = adapter.weights().split(spec()).stream()
                .flatMap(pair -> spec().weight(pair.place()).stream())
                .allMatch(tensor -> tensor.type().blockElements() == 1);
        ways.add(new Way(
                "merged",
                floats ? ProofBound.MERGED_FLOATS : ProofBound.MERGED_BLOCKS,
                true,
                false,
                tokens -> text(merged, tokens, List.of())));
    }

    private EngineText.Worn worn(LoadedAdapter which) {
        return new EngineText.Worn(model.bind(which), 1);
    }

    private LogitSource text(LoadedModel of, int tokens, List<EngineText.Worn> worn) {
        return new TextLogits(of.core(), tokens, ROWS, memoryLimitBytes, worn);
    }

    private static boolean sameBits(List<LoraPair> expected, List<LoraPair> found) {
        return expected.size() == found.size()
                && expected.stream().allMatch(pair -> found.stream()
                        .anyMatch(other -> other.place().equals(pair.place())
                                && Arrays.equals(pair.a(), other.a())
                                && Arrays.equals(pair.b(), other.b())));
    }

    /**
     * Compares.
     *
     * @param texts at least one, each with a position that counts
     * @param progress told how many positions are done, and of how many
     */
    public Found compare(List<Text> texts, BiConsumer<Integer, Integer> progress) {
        int longest =
                texts.stream().mapToInt(text -> text.tokens().length).max().orElseThrow();
        int all = texts.stream().mapToInt(Text::positions).sum();
        List<LogitSource> sources = new ArrayList<>();
        try {
            sources.add(text(model, longest, List.of(worn(adapter))));
            sources.add(text(model, longest, List.of()));
            ways.forEach(way -> sources.add(way.opening().open(longest)));
            Comparison comparison = new Comparison(sources, ways);
            for (Text text : texts) {
                for (int from = text.first(); from < text.end(); from += ROWS) {
                    Interruption.check("verification");
                    comparison.add(text, from, Math.min(ROWS, text.end() - from));
                    progress.accept(comparison.positions, all);
                }
            }
            return comparison.found();
        } finally {
            sources.forEach(LogitSource::close);
        }
    }

    /** The sums of all ways. */
    private final class Comparison {
        private final List<LogitSource> sources;
        private final List<Way> compared;
        private final int vocabSize = spec().decoder().vocabSize();
        private final List<LogitRow> rows = new ArrayList<>();
        private final FloatBuffer[] logits;
        private final LogitDifference[] differences;
        private final ChangeKept kept = new ChangeKept();
        private final LogitDifference change = new LogitDifference();
        private int positions;

        Comparison(List<LogitSource> sources, List<Way> compared) {
            this.sources = sources;
            this.compared = compared;
            this.logits = new FloatBuffer[sources.size()];
            this.differences = new LogitDifference[compared.size()];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = DirectBuffers.floats(Math.multiplyExact(ROWS, vocabSize));
                rows.add(new LogitRow(vocabSize));
            }
            for (int i = 0; i < differences.length; i++) {
                differences[i] = new LogitDifference();
            }
        }

        void add(Text text, int from, int n) {
            for (int i = 0; i < logits.length; i++) {
                sources.get(i).rows(text.tokens(), from, n, logits[i].clear().limit(n * vocabSize));
            }
            for (int row = 0; row < n; row++) {
                if (!text.counts()[from + row]) {
                    continue;
                }
                for (int i = 0; i < logits.length; i++) {
                    rows.get(i).set(logits[i], row);
                }
                addRow();
                positions++;
            }
        }

        private void addRow() {
            LogitRow reference = rows.get(0);
            LogitRow base = rows.get(1);
            change.add(reference, base);
            for (int i = 0; i < differences.length; i++) {
                LogitRow own = rows.get(i + 2);
                if (compared.get(i).first()) {
                    differences[i].add(own, reference);
                } else {
                    differences[i].add(reference, own);
                }
                if (compared.get(i).merged()) {
                    kept.add(base.values(), reference.values(), own.values());
                }
            }
        }

        Found found() {
            List<Pair> pairs = new ArrayList<>();
            List<String> notes = new ArrayList<>();
            for (int i = 0; i < differences.length; i++) {
                Way way = compared.get(i);
                OptionalDouble share = way.merged() ? OptionalDouble.of(kept.share()) : OptionalDouble.empty();
                pairs.add(new Pair(
                        way.first() ? way.name() : REFERENCE,
                        way.first() ? REFERENCE : way.name(),
                        differences[i].largest(),
                        differences[i].divergence(),
                        differences[i].agreement(),
                        share,
                        way.bound().words(),
                        way.bound().holds(differences[i], share, change.divergence())));
                if (way.merged()) {
                    way.bound().note(differences[i], change.divergence()).ifPresent(notes::add);
                }
            }
            return new Found(pairs, positions, change.divergence(), notes);
        }
    }
}
