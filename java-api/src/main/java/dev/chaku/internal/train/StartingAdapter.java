package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.LoraOptions;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.SavedModule;
import java.nio.FloatBuffer;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * An adapter that a training goes on from. Its matrices become the first rows of A and columns of B; what a higher rank
 * leaves stays as it is in a new adapter, and so do products that it does not adapt: the first step begins with exactly
 * what it adds. A scale that is not that of the training goes into B.
 */
public record StartingAdapter(String name, AdapterWeights weights) {
    /**
     * The settings to go on with: its largest rank, its scale, and what it adapts.
     *
     * @throws BadInputException if it adapts what no training does
     */
    public LoraConfig lora(BaseModel model) {
        Set<LoraTarget> targets = EnumSet.noneOf(LoraTarget.class);
        int rank = 1;
        for (LoraPair pair : weights.split(model.spec())) {
            rank = Math.max(rank, pair.rank());
            targets.add(TrainableAdapter.target(pair.place().module())
                    .orElseThrow(() -> new BadInputException(
                            name() + ": tensor " + pair.place().name()
                                    + ".weight.lora_a: expected what a training adapts, found an addition to "
                                    + pair.place().module())));
        }
        LoraConfig lora = LoraConfig.rank(rank).withAlpha(weights.alpha());
        Set<SavedModule> saved = EnumSet.noneOf(SavedModule.class);
        weights.trainedWhole(model.spec()).keySet().forEach(module -> saved.add(module(module)));
        return (targets.isEmpty() ? lora : lora.withTargets(targets)).withSaved(saved);
    }

    private static SavedModule module(DecoderModule module) {
        return module == DecoderModule.OUTPUT ? SavedModule.OUTPUT : SavedModule.TOKEN_EMBEDDINGS;
    }

    /** Puts its values into a trainer that has just been made. */
    void writeTo(EngineTrainer core, TrainableAdapter trained) {
        BaseModel model = trained.model();
        Map<DecoderModule.Place, LoraOptions.Product> adapted = trained.adapted();
        Map<DecoderModule.Place, LoraPair> pairs = new HashMap<>();
        weights.requireFits(model.spec());
        weights.split(model.spec()).forEach(pair -> pairs.put(pair.place(), pair));
        Set<DecoderModule.Place> left = new HashSet<>(pairs.keySet());
        Map<DecoderModule, SavedWeight> whole = weights.trainedWhole(model.spec());
        Set<DecoderModule> wholeLeft = new HashSet<>(whole.keySet());
        FloatBuffer buffer = TrainerState.bufferFor(core);
        for (int i = 0; i < core.parameters(); i++) {
            ParameterInfo info = core.parameter(i);
            DecoderModule.Place place = info.module().at(info.layer());
            LoraPair pair = pairs.get(place);
            if (info.kind() == ParameterInfo.Kind.WEIGHT) {
                SavedWeight weight = whole.get(info.module());
                if (weight != null) {
                    wholeLeft.remove(info.module());
                    core.write(
                            i,
                            EngineTrainer.Slot.VALUE,
                            buffer.clear().put(weight.values()).flip());
                }
                continue;
            }
            // Magnitudes begin as the lengths of what A and B make of the base.
            if (pair != null && info.kind() != ParameterInfo.Kind.LORA_MAGNITUDE) {
                left.remove(place);
                LoraOptions.Product product = adapted.get(place);
                requireRank(pair, product.rank());
                int n = Math.toIntExact(info.elements());
                core.read(i, EngineTrainer.Slot.VALUE, buffer.clear().limit(n));
                buffer.clear().limit(n);
                if (info.kind() == ParameterInfo.Kind.LORA_A) {
                    putA(pair, product.rank(), buffer);
                } else {
                    putB(pair, product.rank(), weights.alpha() / pair.rank() / product.scale(), buffer);
                }
                core.write(i, EngineTrainer.Slot.VALUE, buffer.clear().limit(n));
            }
        }
        for (DecoderModule module : wholeLeft) {
            throw BadInputException.ofSetting(
                    "modules to save",
                    "all that " + name() + " has trained whole, which the training goes on from",
                    "none for " + module(module).label());
        }
        if (!left.isEmpty()) {
            String one = left.stream()
                    .map(DecoderModule.Place::name)
                    .sorted()
                    .findFirst()
                    .orElseThrow();
            throw new BadInputException("targets: expected all that " + name()
                    + " adapts, which the training goes on from," + " found none for " + one
                    + (left.size() > 1 ? " and " + (left.size() - 1) + " more" : ""));
        }
    }

    private void requireRank(LoraPair pair, int rank) {
        if (pair.rank() > rank) {
            throw BadInputException.ofSetting(
                    "rank",
                    "at least the " + pair.rank() + " of " + name() + ", which the training goes on from",
                    rank);
        }
    }

    /** [E, R, K]: the first rows of each expert. */
    private static void putA(LoraPair pair, int rank, FloatBuffer a) {
        int row = pair.inputs();
        for (int e = 0; e < pair.experts(); e++) {
            a.position(e * rank * row);
            a.put(pair.a(), e * pair.rank() * row, pair.rank() * row);
        }
    }

    /** [E, N, R]: the first columns; the others are 0, as in a new adapter. */
    private static void putB(LoraPair pair, int rank, float factor, FloatBuffer b) {
        for (int row = 0; row < pair.experts() * pair.outputs(); row++) {
            for (int r = 0; r < pair.rank(); r++) {
                b.put(row * rank + r, pair.b()[row * pair.rank() + r] * factor);
            }
        }
    }
}
