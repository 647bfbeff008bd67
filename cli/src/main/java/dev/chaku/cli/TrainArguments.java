package dev.chaku.cli;

import dev.chaku.Model;
import dev.chaku.errors.BadInputException;
import dev.chaku.train.Decay;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.MergeAware;
import dev.chaku.train.OptimizerKind;
import dev.chaku.train.ProductRules;
import dev.chaku.train.SavedModule;
import dev.chaku.train.SmallData;
import dev.chaku.train.TrainingConfig;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The settings of a training; what is not given comes from the preset. */
final class TrainArguments {
    private static final int DEFAULT_MAX_LENGTH = 1024;
    private static final int FULL_WIDTH = 2048;
    private static final double MOST_RATIO = 10;
    private static final double PREFERENCE_SHARE = 0.25;
    private static final double LION_SHARE = 0.2;
    /** As many steps of warm-up as the library sees fit. */
    private static final int AUTOMATIC = -1;

    @Option(
            names = "--preset",
            defaultValue = "balanced",
            paramLabel = "NAME",
            description = {
                "Where to start (${DEFAULT-VALUE}); single settings go first. By how much: quick, balanced, thorough; by the goal: style, format, labels, domain. Rates are for models of a width from 2048.",
                "quick: rank 8, 1 epoch, 3e-4. Does the data teach anything? One pass, at a higher rate to make up for few steps.",
                "balanced: rank 16, 3 epochs, 2e-4. For thousands of examples of one task: room for it, and passes until the validation stops falling.",
                "thorough: rank 32, 5 epochs, 1e-4. Twice the room and half the rate, so that later passes refine; watch the validation.",
                "style: rank 8, 2 epochs, 1e-4, dropout 0.05. A tone is a small change, learned early; what comes after are phrases learned by heart.",
                "format: rank 16, 3 epochs, 2e-4. A form is learned within some hundred steps, but has to hold in rare cases, too.",
                "labels: rank 8, 5 epochs, 2e-4, dropout 0.1. A label trains one or two tokens an example, so more passes, and dropout against knowing examples by heart.",
                "domain: rank 64, 2 epochs, 1e-4. Many words need much room; few passes at a low rate leave the base what it knows."
            })
    private String preset;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "Passes over the data; unless given, more than the preset's where the data are few.")
    private Integer epochs;

    @Option(
            names = "--max-steps",
            defaultValue = "0",
            paramLabel = "N",
            description = "Most optimizer steps, 0 for no limit.")
    private int maxSteps;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Longest sequence in tokens (1024, or the model's context).")
    private Integer maxLength;

    @Option(
            names = "--batch-tokens",
            paramLabel = "N",
            description = "Tokens of a packed row, at least --max-length (the same, and less where the data are few).")
    private Integer batchTokens;

    @Option(
            names = "--grad-accumulation",
            defaultValue = "1",
            paramLabel = "N",
            description = "Rows per optimizer step (${DEFAULT-VALUE}).")
    private int gradAccumulation;

    @Option(names = "--no-packing", description = "One sequence a row.")
    private boolean noPacking;

    @Option(
            names = "--method",
            defaultValue = "lora",
            paramLabel = "NAME",
            description =
                    "lora, dora: rows of the adapted weights get lengths of their own; the result is a folder of PEFT, to be merged, or pissa: begins with the weights' leading singular vectors; the result is an adapter of twice the rank (${DEFAULT-VALUE}).")
    private LoraVariant method;

    @Option(
            names = "--rank",
            paramLabel = "R",
            description =
                    "LoRA rank, or PATTERN=R for products in whose name (blk.3.ffn_down) the regular expression is found: --rank 16,ffn_down=32. The first that is found counts.")
    private List<String> ranks;

    @Option(
            names = "--alpha",
            paramLabel = "X",
            description = "LoRA alpha (twice the rank), or PATTERN=X; it does not follow ranks by pattern.")
    private List<String> alphas;

    @Option(
            names = "--layers",
            split = ",",
            paramLabel = "RANGE",
            description = "Layers that are adapted, from 0: 0-7, 12, 20- (all).")
    private List<String> layers;

    @Option(names = "--rslora", description = "Scale by alpha / sqrt(rank).")
    private boolean rsLora;

    @Option(names = "--dropout", paramLabel = "P", description = "LoRA dropout (the preset's, mostly 0).")
    private Double dropout;

    @Option(
            names = "--merge-aware",
            paramLabel = "FORMAT[:N]",
            description =
                    "Train for a file into which the adapter will be merged: each step sees the adapted weights as a merge writes them, in a mix (q4_k_m) or the base's own formats (base). N is the number of steps between quantizations: 1 is exact and slow; unless given, as many as keep them to about a quarter of the time.")
    private String mergeAware;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            description =
                    "q, k, v, o, gate, up, down, output; attention (the first four) or all (the first seven); of models of experts also expert_gate, expert_up, expert_down or experts (all three), and shared_gate, shared_up, shared_down or shared_expert. Such models have no gate, up, down: all is attention there. Names that Hugging Face has for them will do, too: q_proj, c_attn, query_key_value. /PATTERN/ takes all products in whose name the regular expression is found. Routers are left as they are.")
    private List<String> targets;

    @Option(
            names = "--modules-to-save",
            split = ",",
            paramLabel = "NAME",
            description =
                    "Train these whole beside LoRA, as float32 copies with their optimizer state: token_embd, output (or embed_tokens, lm_head). Where one matrix is both, token_embd means it at both ends. For tokens that the base does not know; the adapter becomes as large as they are.")
    private List<String> modulesToSave;

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            description =
                    "At its highest; unless given, the preset's for models of a width from 2048, more for narrower ones, and a quarter of it for losses of preferences.")
    private Double learningRate;

    @Option(
            names = "--schedule",
            defaultValue = "cosine",
            paramLabel = "NAME",
            description = Decay.NAMES + " (${DEFAULT-VALUE}).")
    private Decay schedule;

    @Option(names = "--warmup-steps", paramLabel = "N", description = "Steps of linear rise (three in a hundred).")
    private Integer warmupSteps;

    @Option(
            names = "--optimizer",
            defaultValue = "adamw",
            paramLabel = "NAME",
            description =
                    "adamw, adamw_8bit (its state in a quarter of the memory), lion or lion_8bit (half of that, and a fifth of the learning rate unless given) (${DEFAULT-VALUE}).")
    private OptimizerKind optimizer;

    @Option(
            names = "--weight-decay",
            defaultValue = "0",
            paramLabel = "X",
            description = "Decoupled weight decay (${DEFAULT-VALUE}).")
    private double weightDecay;

    @Option(
            names = "--lora-plus-ratio",
            paramLabel = "X",
            description = "LoRA+: the learning rate of B over that of A; 16 is what its authors take (1).")
    private Double loraPlusRatio;

    @Option(
            names = "--max-grad-norm",
            defaultValue = "1",
            paramLabel = "X",
            description = "Clip gradients to this norm, 0 for never (${DEFAULT-VALUE}).")
    private double maxGradNorm;

    @Option(
            names = "--max-grad-value",
            defaultValue = "0",
            paramLabel = "X",
            description = "Clip each element of gradients to this size first, 0 for never.")
    private double maxGradValue;

    @Option(
            names = "--save-steps",
            defaultValue = "500",
            paramLabel = "N",
            description = "Steps between checkpoints, 0 for none (${DEFAULT-VALUE}).")
    private int saveSteps;

    @Option(
            names = "--eval-steps",
            defaultValue = "0",
            paramLabel = "N",
            description = "Steps between validations, 0 for one an epoch.")
    private int evalSteps;

    @Option(
            names = "--eval-answers",
            defaultValue = "0",
            paramLabel = "N",
            description =
                    "At each validation let the adapter answer N of its examples, and measure the answers as chaku eval does (${DEFAULT-VALUE}).")
    private int evalAnswers;

    @Option(
            names = "--early-stopping",
            defaultValue = "0",
            paramLabel = "N",
            description = "End after N validations without a better loss, 0 for never.")
    private int earlyStopping;

    @Option(
            names = "--neftune",
            defaultValue = "0",
            paramLabel = "X",
            description =
                    "NEFTune: noise on embeddings while training, U(-1, 1) X / sqrt(tokens * width); 5 as a rule, 0 for none (${DEFAULT-VALUE}).")
    private double neftune;

    @Option(
            names = "--load-balance",
            defaultValue = "0",
            paramLabel = "X",
            description =
                    "Models of experts: coefficient of the load-balance loss, which spreads tokens evenly; 0.001 to 0.01, 0 for none (${DEFAULT-VALUE}).")
    private double loadBalance;

    @Option(
            names = "--seed",
            defaultValue = "42",
            paramLabel = "N",
            description = "Of initial weights, order and dropout (${DEFAULT-VALUE}).")
    private long seed;

    @Mixin
    private LossOptions losses;

    LossOptions losses() {
        return losses;
    }

    long seed() {
        return seed;
    }

    /** Whether the steps were limited by the user. */
    boolean isLimited() {
        return maxSteps > 0;
    }

    /** Checks settings that need neither model nor data. */
    void validate(Verb verb) {
        if (warmupSteps != null) {
            verb.requireAtLeast(0, "--warmup-steps", warmupSteps);
        }
        lora();
        losses.validate(verb);
        of(maxLength != null ? maxLength : 2, 1);
    }

    LoraConfig lora() {
        Integer rank = rank();
        LoraConfig lora = LoraConfig.rank(rank != null ? rank : start().rank);
        Double alpha = alphas().usual();
        return withTargets(withRest(alpha != null ? lora.withAlpha(alpha) : lora));
    }

    private Integer rank() {
        Double usual = ranks().usual();
        return usual == null ? null : usual.intValue();
    }

    private PatternNumbers ranks() {
        return PatternNumbers.parse("rank", ranks, true);
    }

    private PatternNumbers alphas() {
        return PatternNumbers.parse("alpha", alphas, false);
    }

    /** Names of products, and patterns between slashes. */
    private LoraConfig withTargets(LoraConfig lora) {
        List<String> patterns = targetPatterns();
        List<String> names = targets == null
                ? List.of("all")
                : targets.stream().filter(name -> !isPattern(name)).toList();
        return lora.withTargets(names.isEmpty() && !patterns.isEmpty() ? Set.of() : LoraTarget.parse(names));
    }

    private List<String> targetPatterns() {
        return targets == null
                ? List.of()
                : targets.stream()
                        .filter(TrainArguments::isPattern)
                        .map(name -> name.substring(1, name.length() - 1))
                        .toList();
    }

    private static boolean isPattern(String target) {
        return target.length() > 1 && target.startsWith("/") && target.endsWith("/");
    }

    /** What goes on from an adapter has its rank, scale and targets, but for those that are given. */
    LoraConfig goingOnFrom(LoraConfig adapter) {
        Integer rank = rank();
        Double alpha = alphas().usual();
        LoraConfig lora = rank == null
                ? adapter
                : LoraConfig.rank(rank)
                        .withAlpha(adapter.scale() * rank)
                        .withTargets(adapter.targets())
                        .withSaved(adapter.saved());
        lora = alpha == null ? lora : lora.withAlpha(alpha);
        LoraConfig rested = withRest(lora);
        return targets == null ? rested : withTargets(rested);
    }

    private TrainPreset start() {
        return TrainPreset.parse(preset);
    }

    private LoraConfig withRest(LoraConfig lora) {
        ProductRules rules = new ProductRules(
                layers == null
                        ? List.of()
                        : layers.stream().map(ProductRules.LayerRange::parse).toList(),
                targetPatterns(),
                ranks().wholeByPattern(),
                alphas().byPattern());
        LoraConfig whole = modulesToSave == null ? lora : lora.withSaved(SavedModule.parse(modulesToSave));
        return whole.withRules(rules)
                .withVariant(method)
                .withRsLora(rsLora)
                .withDropout(dropout != null ? dropout : start().dropout)
                .withMergeAware(mergeAware().orElse(null));
    }

    /** Whether the result can be worn as it is. */
    boolean isWorn() {
        return method != LoraVariant.DORA;
    }

    /** The file that the adapter is trained to be merged into, if it is. */
    Optional<MergeAware> mergeAware() {
        return Optional.ofNullable(mergeAware).map(MergeAware::parse);
    }

    /** What may be altered where the data are few: what was not said. */
    Set<SmallData> alterable() {
        Set<SmallData> alterable = EnumSet.noneOf(SmallData.class);
        if (batchTokens == null) {
            alterable.add(SmallData.ROWS);
        }
        if (epochs == null) {
            alterable.add(SmallData.EPOCHS);
        }
        return alterable;
    }

    /** Narrow models take, and need, higher learning rates: by the width's power of -0.775 below 2048. */
    private static double ratio(Model model) {
        long width = model.metadata()
                .findLong(model.architecture() + ".embedding_length")
                .orElse(FULL_WIDTH);
        return width < FULL_WIDTH ? Math.min(MOST_RATIO, Math.pow((double) FULL_WIDTH / width, 0.775)) : 1;
    }

    /**
     * Answers that are told apart are soon unlearned at the rate at which answers are imitated, and every parameter
     * moves by Lion's rate in full.
     */
    private double share() {
        return (losses.isOfPreferences() ? PREFERENCE_SHARE : 1) * (optimizer.isLion() ? LION_SHARE : 1);
    }

    TrainingConfig config(Model model) {
        int contextLength = model.contextLength();
        int length = maxLength != null ? maxLength : Math.min(DEFAULT_MAX_LENGTH, contextLength);
        if (length > contextLength) {
            throw new BadInputException(
                    "--max-length: expected at most the model's context of " + contextLength + ", found " + length);
        }
        return of(length, ratio(model));
    }

    private TrainingConfig of(int length, double ratio) {
        TrainPreset start = start();
        return TrainingConfig.defaults().with(c -> c.epochs(epochs != null ? epochs : start.epochs)
                .maxSteps(maxSteps)
                .maxLength(length)
                .batchTokens(batchTokens != null ? batchTokens : length)
                .gradAccumulation(gradAccumulation)
                .packing(!noPacking)
                .learningRate(learningRate != null ? learningRate : start.learningRate * ratio * share())
                .decay(schedule)
                .warmupSteps(warmupSteps != null ? warmupSteps : AUTOMATIC)
                .optimizer(optimizer)
                .weightDecay(weightDecay)
                .maxGradNorm(maxGradNorm)
                .maxGradValue(maxGradValue)
                .bRateRatio(loraPlusRatio != null ? loraPlusRatio : 1)
                .evalSteps(evalSteps)
                .evalAnswers(evalAnswers)
                .earlyStopping(earlyStopping)
                .saveSteps(saveSteps)
                .loadBalance(loadBalance)
                .loss(losses.loss())
                .neftune(neftune)
                .seed(seed));
    }
}
