package dev.chaku.internal.schedule;

import dev.chaku.internal.engine.EngineModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Has tokens of texts drafted, so that a step verifies several of each: as many as give most tokens by the time that
 * steps were seen to take and by how often drafts came true, none where that is not more than without. Of the
 * scheduler's thread.
 */
final class Speculator implements AutoCloseable {
    /** A step with drafts has no more rows of logits. */
    private static final int MOST_ROWS = 64;
    /** What drafts must be expected to gain. */
    private static final double LEAST_GAIN = 1.02;

    private final int vocabSize;
    private final Scheduler.Settings settings;
    private final StepTimes times = new StepTimes();
    private final Map<EngineModel, DraftModel> models = new IdentityHashMap<>();

    /** A token that might be drafted, the {@code depth}th of its text. */
    private record Offer(Work work, Drafter drafter, int depth, double chance) {}

    Speculator(int vocabSize, Scheduler.Settings settings) {
        this.vocabSize = vocabSize;
        this.settings = settings;
    }

    /** Drafts for texts of the next step, whose rows without drafts are known by now. */
    void draft(List<Work> works) {
        int rows = 0;
        for (Work work : works) {
            rows += work.known - work.computed;
        }
        List<Offer> offers = offers(works, MOST_ROWS - rows);
        int chosen = times.isKnown(rows) ? best(offers, works.size(), rows) : 0;
        Map<Work, Offer> deepest = new IdentityHashMap<>();
        for (int i = 0; i < offers.size(); i++) {
            Offer offer = offers.get(i);
            if (i < chosen || offer.work().draftsAlways()) {
                deepest.put(offer.work(), offer);
            } else if (offer.depth() == 1) {
                offer.drafter().rest();
            }
        }
        deepest.values().forEach(offer -> offer.drafter().draft(offer.depth()));
        models.values().forEach(DraftModel::draft);
    }

    /** The likeliest first; of one text they are in order. */
    private List<Offer> offers(List<Work> works, int most) {
        List<Offer> offers = new ArrayList<>();
        for (Work work : works) {
            int n = Math.min(most, work.mostDrafted());
            Drafter drafter = n > 0 ? work.drafter(this::model) : null;
            n = drafter == null ? 0 : drafter.offer(n);
            double chance = 1;
            for (int depth = 1; depth <= n; depth++) {
                chance *= drafter.chance();
                offers.add(new Offer(work, drafter, depth, chance));
            }
        }
        offers.sort(Comparator.comparingDouble(offer -> -offer.chance()));
        return offers.size() > most ? offers.subList(0, most) : offers;
    }

    private DraftModel model(Drafting.Source source) {
        return models.computeIfAbsent(source.core(), core -> new DraftModel(source, vocabSize, settings));
    }

    /** How many of the offers, from the first on, make tokens come fastest. */
    private int best(List<Offer> offers, int texts, int rows) {
        double tokens = texts;
        double drafting = 0;
        double fastest = LEAST_GAIN * tokens / times.of(rows);
        int best = 0;
        for (int i = 0; i < offers.size(); i++) {
            Offer offer = offers.get(i);
            tokens += offer.chance();
            drafting = Math.max(drafting, offer.depth() * offer.drafter().nanosPerToken());
            double speed = tokens / (times.of(rows + i + 1) + drafting);
            if (speed > fastest) {
                fastest = speed;
                best = i + 1;
            }
        }
        return best;
    }

    /** Learns from a step without prompts. */
    void learn(int rows, long nanos) {
        times.learn(rows, nanos);
    }

    /** Gives back what drafting models hold; they may be asked again. */
    @Override
    public void close() {
        models.values().forEach(DraftModel::close);
        models.clear();
    }
}
