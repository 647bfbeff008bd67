package dev.chaku;

import dev.chaku.data.EncodedExample;
import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.generate.SideBySide;
import dev.chaku.internal.model.LoadedModel;
import dev.chaku.internal.model.ModelSession;
import dev.chaku.internal.model.WornAdapters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** Asks base, base with adapters, and merged model the same texts. */
final class MergeTrial {
    private MergeTrial() {}

    /**
     * Compares on examples.
     *
     * @param merged the merged model's file
     * @param progress told how many examples are done, and of how many
     */
    static BaseMergeReport.Trial run(
            Model base,
            WornAdapters adapters,
            Path merged,
            List<EncodedExample> examples,
            BiConsumer<Integer, Integer> progress) {
        int longest = examples.stream().mapToInt(EncodedExample::length).max().orElse(1);
        try (Model model = Model.open(merged, base.options())) {
            List<ModelSession> sessions = new ArrayList<>();
            try {
                sessions.add(session(base.loaded(), longest, List.of()));
                sessions.add(session(base.loaded(), longest, adapters.inTheCore()));
                sessions.add(session(model.loaded(), longest, List.of()));
                SideBySide comparison = new SideBySide(sessions, 1);
                int done = 0;
                for (EncodedExample example : examples) {
                    comparison.add(example.tokens(), example.weights());
                    progress.accept(++done, examples.size());
                }
                List<SideBySide.Said> said = comparison.said();
                return new BaseMergeReport.Trial(
                        said.get(0).loss(),
                        said.get(1).loss(),
                        said.get(2).loss(),
                        said.get(2).divergence(),
                        said.get(2).agreement(),
                        comparison.positions());
            } finally {
                sessions.forEach(ModelSession::close);
            }
        }
    }

    private static ModelSession session(LoadedModel model, int tokens, List<EngineSession.Worn> worn) {
        return model.sessions().borrow(tokens, worn);
    }
}
