package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.BaseVocabulary;
import dev.chaku.internal.adapter.FusedProducts;
import dev.chaku.internal.adapter.GgufAdapters;
import dev.chaku.internal.adapter.ModelFingerprint;
import dev.chaku.internal.adapter.PeftAdapters;
import dev.chaku.internal.adapter.WholeWeight;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.LoraOptions;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.train.Experts;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.MergeAware;
import dev.chaku.train.ProductRules;
import dev.chaku.train.SavedModule;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * LoRA: two small matrices beside each product that is adapted, over the frozen model, and perhaps copies of embedding
 * and output projection that are trained whole.
 */
record TrainableAdapter(BaseModel model, LoraConfig lora, Experts experts) implements Trainable {
    @Override
    public String fileName() {
        return isAdapter() ? AdapterKeys.FILE_NAME : AdapterKeys.FOLDER_NAME;
    }

    /** DoRA's lengths of rows are not among what can be worn. */
    @Override
    public boolean isAdapter() {
        return lora.variant() != LoraVariant.DORA;
    }

    /** All of it; before the first step of PiSSA what finds its beginning, which no other part is beside. */
    @Override
    public long heapBytes() {
        long result = resultValues() * Float.BYTES;
        return isPrincipal() ? Math.max(result, PrincipalStart.heapBytes(model.spec(), adapted()) / 2) : result;
    }

    /** Of PiSSA the pair that it began with, too; of one matrix at both ends PEFT has two. */
    @Override
    public long resultValues() {
        long twice = !isAdapter() && isTied() ? savedValues() : 0;
        return isPrincipal() ? 2 * parameters() : parameters() + twice;
    }

    /** Whether one matrix is embedding and output projection. */
    private boolean isTied() {
        return model.spec().weight(DecoderModule.OUTPUT.at(-1)).isEmpty();
    }

    private long matrixValues() {
        return (long) model.spec().decoder().vocabSize()
                * model.spec().decoder().width();
    }

    private long savedValues() {
        return lora.saved().isEmpty()
                ? 0
                : matrixValues() * (isTied() ? 1 : lora.saved().size());
    }

    /** What is trained whole, as the core has it: one matrix that is both is the embedding. */
    private Set<DecoderModule> saved(Set<DecoderModule> targets) {
        if (lora.saved().isEmpty()) {
            return Set.of();
        }
        if (isTied() && !lora.saved().contains(SavedModule.TOKEN_EMBEDDINGS)) {
            throw BadInputException.ofSetting(
                    "modules to save",
                    "token_embd, which is the output projection of " + model + " too, as it has no output.weight",
                    "output alone");
        }
        if (targets.contains(DecoderModule.OUTPUT) && (isTied() || lora.saved().contains(SavedModule.OUTPUT))) {
            throw BadInputException.ofSetting(
                    "targets", "products that are not among the modules to save, which are trained whole", "output");
        }
        if (matrixValues() > Integer.MAX_VALUE / Float.BYTES) {
            throw BadInputException.ofSetting(
                    "modules to save",
                    "matrices of at most " + Integer.MAX_VALUE / Float.BYTES + " values",
                    matrixValues() + " in " + model);
        }
        return lora.saved().stream()
                .map(module -> module == SavedModule.TOKEN_EMBEDDINGS || isTied()
                        ? DecoderModule.TOKEN_EMBEDDING
                        : DecoderModule.OUTPUT)
                .collect(Collectors.toSet());
    }

    @Override
    public void prepare(EngineTrainer core, Preparing tell) {
        if (isPrincipal()) {
            PrincipalStart.write(core, this, tell);
        }
    }

    @Override
    public String preparing() {
        return "decomposing weights";
    }

    private boolean isPrincipal() {
        return lora.variant() == LoraVariant.PISSA;
    }

    @Override
    public TrainerOptions options(int maxTokens, long seed, long memoryLimitBytes) {
        Trainable.requireExpertsWhereTheyAreMeant(model, experts);
        if (experts.trainRouters()) {
            throw new BadInputException(
                    "train routers: expected a full training, found LoRA, which leaves routers as they are");
        }
        Map<DecoderModule.Place, LoraOptions.Product> adapted = adapted();
        Set<DecoderModule> targets =
                adapted.keySet().stream().map(DecoderModule.Place::module).collect(Collectors.toSet());
        LoraOptions.Product usual = new LoraOptions.Product(lora.rank(), (float) lora.scale());
        Map<DecoderModule.Place, LoraOptions.Product> exceptions = new LinkedHashMap<>();
        for (DecoderModule module : targets) {
            for (DecoderModule.Place place : places(module)) {
                LoraOptions.Product product = adapted.getOrDefault(place, LoraOptions.Product.NONE);
                if (!product.equals(usual)) {
                    exceptions.put(place, product);
                }
            }
        }
        LoraOptions options = new LoraOptions(
                lora.rank(),
                (float) lora.scale(),
                (float) lora.dropout(),
                targets,
                exceptions,
                lora.variant() == LoraVariant.DORA,
                isPrincipal(),
                lora.mergeAware() == null
                        ? null
                        : mergeTargets(lora.mergeAware()).formats(),
                saved(targets));
        return TrainerOptions.lora(options, maxTokens, seed, (float) experts.loadBalance(), memoryLimitBytes);
    }

    /** Whether the run has to decide how often it quantizes. */
    boolean leavesStepsToTheRun() {
        return lora.mergeAware() != null && lora.mergeAware().every() == 0;
    }

    /** What is trained, with that decided. */
    LoraConfig decided(double tokensPerStep, int totalSteps) {
        MergeAware aware = Objects.requireNonNull(lora.mergeAware());
        return lora.withMergeAware(aware.withEvery(mergeTargets(aware).stepsWithinBudget(tokensPerStep, totalSteps)));
    }

    private MergeTargets mergeTargets(MergeAware aware) {
        return new MergeTargets(model, aware, adapted().keySet());
    }

    @Override
    public List<EngineTrainer.Slot> state() {
        return lora.mergeAware() == null && !isPrincipal() ? TrainerState.WHOLE : TrainerState.WHOLE_WITH_FROZEN;
    }

    @Override
    public long parameters() {
        DecoderSpec spec = model.spec();
        long sum = 0;
        for (Map.Entry<DecoderModule.Place, LoraOptions.Product> product :
                adapted().entrySet()) {
            DecoderModule.Place place = product.getKey();
            DecoderSpec.Shape base = shape(spec, place);
            sum += product.getValue().rank() * (base.rows() + base.columns() * spec.stacked(place));
            sum += lora.variant() == LoraVariant.DORA ? base.rows() : 0;
        }
        return sum + savedValues();
    }

    /** The shape of a product; a tied output projection has that of the embeddings. */
    static DecoderSpec.Shape shape(DecoderSpec spec, DecoderModule.Place place) {
        return spec.product(place).orElseGet(() -> spec.product(DecoderModule.TOKEN_EMBEDDING.at(-1))
                .orElseThrow());
    }

    /**
     * Every product that is adapted, and how, in the order of targets and layers.
     *
     * @throws BadInputException if the model lacks what is to be adapted, or a rule decides nothing
     */
    Map<DecoderModule.Place, LoraOptions.Product> adapted() {
        Map<DecoderModule.Place, LoraOptions.Product> adapted = new LinkedHashMap<>();
        ProductRules rules = lora.rules();
        List<DecoderModule> wanted = lora.targets().isEmpty() ? List.of() : modules();
        for (LoraTarget target : LoraTarget.values()) {
            DecoderModule module = module(target);
            for (DecoderModule.Place place : places(module)) {
                boolean asked = wanted.contains(module) || rules.names(place.name());
                if (asked && rules.adapts(place.layer())) {
                    adapted.put(place, new LoraOptions.Product(lora.rankOf(place.name()), (float)
                            lora.scaleOf(place.name())));
                }
            }
        }
        requireRulesThatDecide(adapted.keySet());
        if (lora.variant() == LoraVariant.DORA) {
            requireRows(adapted.keySet());
        }
        if (isPrincipal() && adapted.keySet().stream().anyMatch(place -> place.module() == DecoderModule.ATTN_KV_B)) {
            throw new BadInputException(model
                    + ": method pissa: expected products of one weight, found target kv_b, whose values several have");
        }
        return adapted;
    }

    /** Where the model has a product; of a tied output projection there is one, too. */
    private List<DecoderModule.Place> places(DecoderModule module) {
        if (!module.inLayers()) {
            return List.of(module.at(-1));
        }
        return IntStream.range(0, model.layers())
                .mapToObj(module::at)
                .filter(place -> model.spec().product(place).isPresent())
                .toList();
    }

    private void requireRulesThatDecide(Set<DecoderModule.Place> adapted) {
        ProductRules rules = lora.rules();
        for (ProductRules.LayerRange range : rules.layers()) {
            if (range.first() >= model.layers()
                    || (range.last() != Integer.MAX_VALUE && range.last() >= model.layers())) {
                throw BadInputException.ofSetting(
                        "layers", "layers 0 to " + (model.layers() - 1) + " of " + model, range.label());
            }
        }
        requireFound("targets", rules.products(), adapted);
        requireFound("rank", rules.ranks().keySet(), adapted);
        requireFound("alpha", rules.alphas().keySet(), adapted);
        if (adapted.isEmpty()) {
            throw BadInputException.ofSetting("layers", "layers that have one of the targets", "none of these");
        }
    }

    /** Lengths are of rows that one token meets as a whole, and go out under the names of Hugging Face. */
    private void requireRows(Set<DecoderModule.Place> adapted) {
        for (DecoderModule.Place place : adapted) {
            LoraTarget target = target(place.module()).orElseThrow();
            if (target.isOfExperts() || target == LoraTarget.KV_B || target == LoraTarget.OUTPUT) {
                throw new BadInputException(
                        model + ": method dora: expected products of layers that are not of experts," + " found target "
                                + target.label());
            }
        }
        PeftAdapters.requireModules(adapted, model.spec());
    }

    private static void requireFound(String setting, Collection<String> patterns, Set<DecoderModule.Place> adapted) {
        for (String pattern : patterns) {
            if (adapted.stream().noneMatch(place -> ProductRules.isFound(pattern, place.name()))) {
                throw BadInputException.ofSetting(
                        setting,
                        "patterns of products that are adapted, such as "
                                + adapted.stream()
                                        .map(DecoderModule.Place::name)
                                        .findFirst()
                                        .orElse("blk.0.attn_q"),
                        "'" + pattern + "', which is in no name of them");
            }
        }
    }

    /**
     * The products that are adapted: those of the targets that the model has. A model of experts has no dense gate, up
     * and down, so that these may be among the targets of any model; what only experts have may not.
     */
    private List<DecoderModule> modules() {
        DecoderSpec spec = model.spec();
        List<DecoderModule> modules = new ArrayList<>();
        Set<LoraTarget> targets = EnumSet.copyOf(lora.targets());
        if (targets.containsAll(LoraTarget.allLinear())) {
            targets.addAll(LoraTarget.mixer());
            targets.addAll(LoraTarget.latent());
        }
        for (LoraTarget target : targets) {
            DecoderModule module = module(target);
            boolean present = !module.inLayers()
                    || IntStream.range(0, model.layers())
                            .anyMatch(l -> spec.product(module.at(l)).isPresent());
            if (present) {
                modules.add(module);
            } else if (target.isOfExperts()) {
                throw new BadInputException(model + ": LoRA target " + target.label() + ": the model has no "
                        + module.ggufName() + "; without experts, gate, up and down are what it has");
            }
        }
        if (modules.isEmpty()) {
            throw new BadInputException(model + ": LoRA targets: expected products that the model has, found "
                    + lora.targets().stream().map(LoraTarget::label).sorted().collect(Collectors.joining(", "))
                    + (model.hasExperts()
                            ? "; its layers have expert_gate, expert_up and expert_down in place of gate, up and down"
                            : ""));
        }
        return modules;
    }

    /** The target that a module is; empty for what no training adapts. */
    static Optional<LoraTarget> target(DecoderModule module) {
        return Arrays.stream(LoraTarget.values())
                .filter(target -> module(target) == module)
                .findFirst();
    }

    private static DecoderModule module(LoraTarget target) {
        return switch (target) {
            case Q -> DecoderModule.ATTN_Q;
            case K -> DecoderModule.ATTN_K;
            case V -> DecoderModule.ATTN_V;
            case O -> DecoderModule.ATTN_OUTPUT;
            case GATE -> DecoderModule.FFN_GATE;
            case UP -> DecoderModule.FFN_UP;
            case DOWN -> DecoderModule.FFN_DOWN;
            case EXPERT_GATE -> DecoderModule.EXPERT_GATE;
            case EXPERT_UP -> DecoderModule.EXPERT_UP;
            case EXPERT_DOWN -> DecoderModule.EXPERT_DOWN;
            case SHARED_GATE -> DecoderModule.SHARED_GATE;
            case SHARED_UP -> DecoderModule.SHARED_UP;
            case SHARED_DOWN -> DecoderModule.SHARED_DOWN;
            case MIX_IN -> DecoderModule.MIX_IN;
            case MIX_GATE -> DecoderModule.MIX_GATE;
            case MIX_INPUT_GATE -> DecoderModule.MIX_INPUT_GATE;
            case MIX_BETA -> DecoderModule.MIX_BETA;
            case MIX_ALPHA -> DecoderModule.MIX_ALPHA;
            case MIX_OUT -> DecoderModule.MIX_OUT;
            case Q_A -> DecoderModule.ATTN_Q_A;
            case Q_B -> DecoderModule.ATTN_Q_B;
            case KV_A -> DecoderModule.ATTN_KV_A;
            case KV_B -> DecoderModule.ATTN_KV_B;
            case LAYER_GATE -> DecoderModule.LAYER_INPUT_GATE;
            case LAYER_OUT -> DecoderModule.LAYER_INPUT_OUT;
            case OUTPUT -> DecoderModule.OUTPUT;
        };
    }

    /** Writes the adapter; A and B of each product follow each other among the parameters. */
    @Override
    public void write(EngineTrainer core, RunDescription description, Path file) {
        Map<DecoderModule.Place, float[][]> halves = new LinkedHashMap<>();
        List<WholeWeight.Lengths> lengths = new ArrayList<>();
        List<SavedWeight> saved = new ArrayList<>();
        FloatBuffer buffer = TrainerState.bufferFor(core);
        for (int i = 0; i < core.parameters(); i++) {
            ParameterInfo info = core.parameter(i);
            float[] values = values(core, i, info, EngineTrainer.Slot.VALUE, buffer);
            if (info.kind() == ParameterInfo.Kind.WEIGHT) {
                addSaved(saved, info, values);
            } else if (info.kind() == ParameterInfo.Kind.LORA_MAGNITUDE) {
                lengths.add(new WholeWeight.Lengths(place(info), values));
            } else {
                int half = info.kind() == ParameterInfo.Kind.LORA_A ? 0 : 1;
                halves.computeIfAbsent(place(info), unused -> new float[2][])[half] = values;
            }
        }
        Map<DecoderModule.Place, LoraOptions.Product> adapted = adapted();
        if (isPrincipal()) {
            adapted.replaceAll((place, product) -> new LoraOptions.Product(2 * product.rank(), product.scale()));
            subtract(core, halves, buffer);
        }
        float alpha = commonAlpha(adapted.values());
        List<LoraPair> pairs = new ArrayList<>();
        halves.forEach((place, ab) -> pairs.add(pair(model.spec(), place, adapted.get(place), alpha, ab)));
        Map<String, GgufValue> extra = new LinkedHashMap<>();
        extra.put(
                "general.name",
                GgufValue.of(model.metadata().findString("general.name").orElse("model") + " LoRA"));
        model.metadata().findString("general.name").ifPresent(name -> {
            extra.put("general.base_model.count", GgufValue.ofUint32(1));
            extra.put("general.base_model.0.name", GgufValue.of(name));
        });
        model.path()
                .ifPresent(path -> extra.put(
                        AdapterKeys.FILE, GgufValue.of(path.getFileName().toString())));
        model.file().ifPresent(base -> extra.put(AdapterKeys.FINGERPRINT, GgufValue.of(ModelFingerprint.of(base))));
        BaseVocabulary.hash(model.metadata()).ifPresent(hash -> extra.put(AdapterKeys.VOCABULARY, GgufValue.of(hash)));
        extra.put(AdapterKeys.HASH, GgufValue.of(description.baseHash()));
        model.licence().ifPresent(licence -> extra.put(AdapterKeys.LICENCE, GgufValue.of(licence)));
        extra.put("chaku.training", GgufValue.of(description.json()));
        extra.put(AdapterKeys.CONVERSATIONS, GgufValue.of(description.isOfConversations()));
        if (!isAdapter()) {
            String source = file.toString();
            AdapterWeights weights = new AdapterWeights(
                    source,
                    model.architecture(),
                    alpha,
                    FusedProducts.join(pairs, model.spec()),
                    saved,
                    new GgufMetadata(source, extra));
            PeftAdapters.writeDora(file, weights, lengths, model.spec());
            return;
        }
        GgufAdapters.write(
                file, model.architecture(), alpha, FusedProducts.join(pairs, model.spec()), saved, extra, true);
    }

    /** One matrix that is embedding and output projection is saved for both. */
    private void addSaved(List<SavedWeight> saved, ParameterInfo info, float[] values) {
        int rows = Math.toIntExact(info.rows());
        int columns = Math.toIntExact(info.columns());
        saved.add(new SavedWeight(place(info), rows, columns, values));
        if (isTied()) {
            saved.add(new SavedWeight(DecoderModule.OUTPUT.at(-1), rows, columns, values));
        }
    }

    /** [A; A0] and [B, -B0] in place of A and B, of each expert: what PEFT makes of PiSSA's adapters, too. */
    private void subtract(EngineTrainer core, Map<DecoderModule.Place, float[][]> halves, FloatBuffer buffer) {
        for (int i = 0; i < core.parameters(); i += 2) {
            ParameterInfo a = core.parameter(i);
            ParameterInfo b = core.parameter(i + 1);
            float[][] pair = halves.get(place(a));
            int experts = model.spec().stacked(place(a));
            float[] a0 = values(core, i, a, EngineTrainer.Slot.FROZEN, buffer);
            float[] b0 = values(core, i + 1, b, EngineTrainer.Slot.FROZEN, buffer);
            for (int n = 0; n < b0.length; n++) {
                b0[n] = -b0[n];
            }
            pair[0] = beside(pair[0], a0, a0.length / experts);
            pair[1] = beside(pair[1], b0, (int) b.columns());
        }
    }

    /** Stretches of one and the other by turns. */
    private static float[] beside(float[] one, float[] other, int stretch) {
        float[] both = new float[2 * one.length];
        for (int at = 0; at < one.length; at += stretch) {
            System.arraycopy(one, at, both, 2 * at, stretch);
            System.arraycopy(other, at, both, 2 * at + stretch, stretch);
        }
        return both;
    }

    /** The alpha that says the scales of most products, as a file has one. */
    private static float commonAlpha(Collection<LoraOptions.Product> products) {
        Map<Float, Integer> votes = new LinkedHashMap<>();
        products.forEach(product -> votes.merge(alpha(product), 1, Integer::sum));
        return votes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    private static float alpha(LoraOptions.Product product) {
        return (float) ((double) product.scale() * product.rank());
    }

    /** Where the file's alpha does not say a product's scale, B does. */
    private static LoraPair pair(
            DecoderSpec spec, DecoderModule.Place place, LoraOptions.Product product, float alpha, float[][] ab) {
        int experts = spec.stacked(place);
        int rank = product.rank();
        int perInput = experts * rank;
        float rest = alpha(product) / alpha;
        for (int i = 0; rest != 1 && i < ab[1].length; i++) {
            ab[1][i] *= rest;
        }
        return new LoraPair(place, experts, rank, ab[0].length / perInput, ab[1].length / perInput, ab[0], ab[1]);
    }

    private static DecoderModule.Place place(ParameterInfo info) {
        return info.module().at(info.layer());
    }

    private static float[] values(
            EngineTrainer core, int index, ParameterInfo info, EngineTrainer.Slot slot, FloatBuffer buffer) {
        float[] values = new float[Math.toIntExact(info.elements())];
        core.read(index, slot, buffer.clear().limit(values.length));
        buffer.get(values);
        return values;
    }
}
