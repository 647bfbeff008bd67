package dev.chaku;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.generate.SideBySide;
import dev.chaku.internal.model.WornAdapters;
import dev.chaku.internal.schedule.TextSession;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Asks base, base with adapters, and merged model the same texts. */
final class MergeTrial {
    private MergeTrial() {}

    /**
     * Compares on examples.
     *
     * @param merged the merged model's file
     * @param delta what it wears in one more comparison; null for none
     * @param progress told how many examples are done, and of how many
     */
    static BaseMergeReport.Trial run(
            Model base,
            WornAdapters adapters,
            Path merged,
            @Nullable Adapter delta,
            List<EncodedExample> examples,
            BiConsumer<Integer, Integer> progress) {
        int longest = examples.stream().mapToInt(EncodedExample::length).max().orElse(1);
        List<TextSession> sessions = new ArrayList<>();
        try (Model model = Model.open(merged, base.options())) {
            sessions.add(session(base, longest, List.of()));
            sessions.add(session(base, longest, adapters.inTheCore()));
            sessions.add(session(model, longest, List.of()));
            if (delta != null) {
                WornAdapters worn = new WornAdapters(model.loaded());
                worn.set(delta.loaded(), 1);
                sessions.add(session(model, longest, worn.inTheCore()));
            }
            SideBySide comparison = new SideBySide(sessions, 1);
            int done = 0;
            for (EncodedExample example : examples) {
                comparison.add(example.tokens(), example.weights());
                progress.accept(++done, examples.size());
            }
            return trial(comparison.said(), comparison.positions());
        } finally {
            sessions.forEach(TextSession::close);
        }
    }

    /**
     * Encodes the first of the data, as far as a limit goes, and at least one.
     *
     * @param chat how conversations become text; null for the model's own template
     */
    static List<EncodedExample> examples(Model model, @Nullable ChatRenderer chat, Dataset from, long mostTokens) {
        ChatRenderer renderer =
                chat != null ? chat : model.chat().map(ChatRenderer::of).orElse(null);
        ExampleEncoder encoder = new ExampleEncoder(
                model.tokenizer(),
                renderer,
                new ExampleEncoder.Options(model.contextLength(), OverLong.TRUNCATE, false));
        List<EncodedExample> examples = new ArrayList<>();
        long tokens = 0;
        for (int i = 0; i < from.examples().size() && tokens < mostTokens; i++) {
            for (EncodedExample example : encoder.encode(from.examples().subList(i, i + 1))) {
                examples.add(example);
                tokens += example.length();
            }
        }
        return examples;
    }

    private static TextSession session(Model model, int tokens, List<EngineText.Worn> worn) {
        return model.loaded().scheduler().session(tokens, worn);
    }

    private static BaseMergeReport.Trial trial(List<SideBySide.Said> said, long tokens) {
        return new BaseMergeReport.Trial(
                said.get(0).loss(),
                said.get(1).loss(),
                said.get(2).loss(),
                said.get(2).divergence(),
                said.get(2).agreement(),
                said.stream()
                        .skip(3)
                        .findFirst()
                        .map(one -> new BaseMergeReport.WithDelta(one.loss(), one.divergence(), one.agreement())),
                tokens);
    }
}
