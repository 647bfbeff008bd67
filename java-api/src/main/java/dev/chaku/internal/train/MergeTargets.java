package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.ModelFacts;
import dev.chaku.internal.arch.TensorFormats;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.MergeFormats;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.quantize.TensorEncoder;
import dev.chaku.train.MergeAware;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The formats in which the weights that an adapter adds to will be written when it is merged into them. */
final class MergeTargets {
    /** Of a core to train one weight on one token, forward and backward, where products are in bfloat16. */
    private static final double NANOSECONDS_A_TOKEN = 0.015;

    private static final double BUDGET = 0.25;
    private static final int ENOUGH_QUANTIZATIONS = 16;
    private static final int LEAST_QUANTIZATIONS = 4;
    private static final int MOST_USEFUL_STEPS = 64;

    private final BaseModel model;
    private final MergeAware settings;
    private final Map<DecoderModule.Place, GgmlType> formats = new LinkedHashMap<>();
    /** Of a core for one quantization of all, and how many weights these are. */
    private double nanoseconds;

    private long elements;

    /**
     * Picks the formats.
     *
     * @param places of the products that are adapted
     * @throws BadInputException if what is adapted is no weight, or stays in a format that cannot be written
     */
    MergeTargets(BaseModel model, MergeAware settings, Set<DecoderModule.Place> places) {
        this.model = model;
        this.settings = settings;
        @Nullable TensorFormats mix = settings.format().equals(MergeAware.BASE) ? null : mix();
        places.forEach(place -> add(place, mix));
    }

    private TensorFormats mix() {
        FormatMix named = FormatMix.ofLabel(settings.format()).orElseThrow();
        List<String> names =
                model.spec().tensors().stream().map(TensorSpec::name).distinct().toList();
        return new TensorFormats(named, facts(), names, false);
    }

    private ModelFacts facts() {
        if (model.file().isPresent()) {
            return ModelFacts.of(model.metadata());
        }
        LayerOptions first = model.spec().layers().get(0);
        int experts = first.experts() == null ? 0 : first.experts().experts();
        return new ModelFacts(model.architecture(), model.layers(), first.heads(), first.kvHeads(), experts);
    }

    private void add(DecoderModule.Place place, @Nullable TensorFormats mix) {
        DecoderSpec spec = model.spec();
        TensorSpec weight = spec.weight(place)
                .or(() -> place.module() == DecoderModule.OUTPUT
                        ? spec.weight(DecoderModule.TOKEN_EMBEDDING.at(-1))
                        : Optional.empty())
                .orElseThrow(() -> new BadInputException(model + ": merge aware: " + place.name()
                        + " is no weight of its own that could be merged into; leave it out of the LoRA targets"));
        GgmlType type = mix == null
                ? weight.type()
                : TensorFormats.fitting(
                        mix.of(weight.name(), weight.columns(), place.module().isStacked()), weight.columns());
        if (!TensorEncoder.canEncode(type)) {
            throw new BadInputException(model + ": merge aware: tensor " + weight.name() + " is in " + type
                    + ", which cannot be written; expected a mix, such as q4_k_m, found " + settings.format());
        }
        formats.put(place, type);
        elements += weight.elements();
        nanoseconds += weight.elements() * nanoseconds(type);
    }

    MergeFormats formats() {
        return new MergeFormats(settings.every(), formats);
    }

    /**
     * So many steps between quantizations that these take about a quarter of the time at most. In short runs no fewer
     * than make sixteen, as steps that see what they change do more, and no more than make four. By what was measured
     * and not by the clock: the same settings make the same run on every machine.
     */
    int stepsWithinBudget(double tokensPerStep, int totalSteps) {
        double training = NANOSECONDS_A_TOKEN * tokensPerStep;
        double quantizing = nanoseconds / Math.max(1, elements);
        double affordable = Math.ceil(quantizing / (training * BUDGET / (1 - BUDGET)));
        int useful = Math.min(MOST_USEFUL_STEPS, totalSteps / ENOUGH_QUANTIZATIONS);
        return (int) Math.max(1, Math.min(Math.max(affordable, useful), totalSteps / LEAST_QUANTIZATIONS));
    }

    /** Of a core to add a pair of rank 16 to a weight and to encode it. */
    private static double nanoseconds(GgmlType type) {
        return switch (type) {
            case F32, F16, BF16 -> 4;
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> 8;
            case MXFP4 -> 28;
            case IQ4_NL, IQ4_XS -> 80;
            default -> 55;
        };
    }
}
