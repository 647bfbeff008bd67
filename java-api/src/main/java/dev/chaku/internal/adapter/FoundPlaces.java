package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.PeftExperts.Expert;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Brings an adapter of a folder to a base: names become places, rows and columns take the order of GGUF files.
 *
 * <p>A GGUF file has one alpha and scales each product with alpha / its rank. Scales of modules become that where one
 * alpha says it all (rsLoRA of one rank: alpha * sqrt(rank)); otherwise the rest of the scale is multiplied into B.
 */
final class FoundPlaces {
    /** What mlx-lm calls all experts of a product. */
    private static final Pattern STACKED =
            Pattern.compile("(?:mlp|block_sparse_moe|feed_forward)\\.switch_mlp\\.(\\w+)");

    private final FoundAdapter found;
    private final DecoderSpec spec;
    private final ModuleNames names;
    private final float alpha;
    private final List<LoraPair> pairs = new ArrayList<>();
    private final Map<Expert, LoraPair> experts = new LinkedHashMap<>();
    private final Map<Object, String> taken = new LinkedHashMap<>();

    private FoundPlaces(FoundAdapter found, DecoderSpec spec) {
        this.found = found;
        this.spec = spec;
        this.names = ModelFamilies.modules(spec.architecture());
        this.alpha = commonAlpha(found.modules());
    }

    /**
     * The adapter for a base.
     *
     * @param base what messages call it; empty for nothing
     * @throws BadInputException if it is more than low-rank additions and whole weights of embedding and output, or
     *     belongs to another base
     */
    static AdapterWeights place(FoundAdapter found, DecoderSpec spec, String base) {
        AdapterWeights placed = new FoundPlaces(found.requireLora(), spec).place(base);
        return new AdapterWeights(
                placed.source(),
                placed.architecture(),
                placed.alpha(),
                placed.pairs(),
                WholePlaces.saved(found, spec),
                placed.metadata());
    }

    /** The same of the low-rank additions alone that are beside what only a merge can take. */
    static AdapterWeights placeBesideWholes(FoundAdapter found, DecoderSpec spec, String base) {
        return new FoundPlaces(found.requireMergeable(), spec).place(base);
    }

    private AdapterWeights place(String base) {
        if (found.inputsFirst() && !names.inputsFirst()) {
            throw new BadInputException(found.folder().resolve(PeftConfig.FILE_NAME)
                    + ": fan_in_fan_out = true is not supported: weights of " + spec.architecture()
                    + " are not stored inputs by outputs");
        }
        found.modules().forEach(this::place);
        pairs.addAll(PeftExperts.stack(found.folder().toString(), experts, spec));
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        if (!found.base().isEmpty()) {
            metadata.put("general.base_model.count", GgufValue.ofUint32(1));
            metadata.put("general.base_model.0.name", GgufValue.of(found.base()));
        }
        String source = found.folder().toString();
        AdapterWeights placed =
                new AdapterWeights(source, spec.architecture(), alpha, pairs, new GgufMetadata(source, metadata));
        placed.requireFits(spec, base);
        return placed;
    }

    private void place(FoundModule module) {
        ModuleNames.Site site = names.parse(module.name()).orElse(null);
        if (site != null) {
            for (ModuleNames.Module part : site.modules()) {
                Place place = part.product().at(site.layer());
                take(place, module);
                pairs.addAll(PeftRows.toGguf(
                        module.pair(place, alpha),
                        part,
                        place,
                        spec,
                        module.a().file().path().toString()));
            }
            return;
        }
        Optional<Place> stacked = stacked(module);
        if (stacked.isPresent()) {
            take(stacked.get(), module);
            pairs.add(module.pair(stacked.get(), alpha));
            return;
        }
        Expert expert = PeftExperts.parse(module.name(), names).orElseThrow(() -> unknown(module));
        take(expert, module);
        experts.put(expert, module.pair(expert.place(), alpha));
    }

    private void take(Object place, FoundModule module) {
        String other = taken.put(place, module.name());
        if (other != null) {
            throw new BadInputException(
                    module.where() + ": a second one of its module, which '" + other + "' is already");
        }
    }

    /** The product of all experts that a module stands for. */
    private Optional<Place> stacked(FoundModule module) {
        ModuleNames.InLayer within = names.inLayer(module.name()).orElse(null);
        if (within == null || module.experts() < 2) {
            return Optional.empty();
        }
        Matcher matcher = STACKED.matcher(within.name());
        return matcher.matches()
                ? new ModuleNames.ExpertNames("", "gate_proj", "up_proj", "down_proj")
                        .product(matcher.group(1))
                        .map(product -> product.at(within.layer()))
                : Optional.empty();
    }

    private BadInputException unknown(FoundModule module) {
        return new BadInputException(
                module.where() + ": this version adapts no module '" + module.name() + "' of " + spec.architecture()
                        + "; it adapts " + String.join(", ", names.names())
                        + ", and gate, up and down projections of experts");
    }

    /** The alpha that says the scales of most modules, so that B is altered in as few as can be. */
    private static float commonAlpha(List<FoundModule> modules) {
        Map<Float, Integer> votes = new LinkedHashMap<>();
        modules.forEach(module -> votes.merge((float) module.alpha(), 1, Integer::sum));
        return votes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(1f);
    }
}
