package dev.chaku;

import dev.chaku.data.PackedRows;
import dev.chaku.data.Packer;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.DecoderModule;
import dev.chaku.internal.arch.DecoderSpec;
import dev.chaku.internal.arch.TensorSpec;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.train.TrainerState;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.TrainingConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * All that a run is given. Immutable.
 *
 * @param lora of no meaning in a full training
 * @param full whether every weight is trained
 * @param fullFormat of the matrices that a full training writes
 * @param resume whether to go on from a checkpoint
 */
record TrainingSetup(
        Model model,
        LoraConfig lora,
        boolean full,
        GgmlType fullFormat,
        TrainingConfig config,
        TrainingData data,
        boolean resume) {

    /** The same with other settings. */
    TrainingSetup with(TrainingConfig other) {
        return new TrainingSetup(model, lora, full, fullFormat, other, data, resume);
    }

    /** What the run will have on disk at once: the result, the checkpoints kept and the one being written. */
    long bytesOnDisk() {
        long values = trainedParameters() * Float.BYTES;
        int each = TrainerState.WHOLE.size() + (full ? 0 : 1);
        long checkpoints = config.saveSteps() > 0 ? (config.keepCheckpoints() + 1L) * each : 0;
        long best = config.earlyStopping() > 0 ? 2 : 0;
        return values * (1 + checkpoints + best);
    }

    private void requireExpertsWhereTheyAreMeant() {
        if (config.loadBalance() > 0 && !model.hasExperts()) {
            throw new BadInputException(
                    model + ": load balance: expected 0 for a model without experts, found " + config.loadBalance());
        }
        if (config.trainRouters() && !full) {
            throw new BadInputException(
                    "train routers: expected a full training, found LoRA, which leaves routers as they are");
        }
    }

    /**
     * What the core is told.
     *
     * @param memoryLimitBytes for the core alone, 0 for what the machine has
     */
    TrainerOptions options(long memoryLimitBytes) {
        requireExpertsWhereTheyAreMeant();
        long targets = 0;
        if (!full) {
            for (DecoderModule module : modules()) {
                targets |= 1L << module.id();
            }
        }
        return new TrainerOptions(
                full ? TrainerOptions.Mode.FULL : TrainerOptions.Mode.LORA,
                longestRow(),
                lora.rank(),
                (float) lora.scale(),
                (float) lora.dropout(),
                targets,
                config.seed(),
                (float) config.loadBalance(),
                config.trainRouters(),
                memoryLimitBytes);
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
            case OUTPUT -> DecoderModule.OUTPUT;
        };
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
        }
        for (LoraTarget target : targets) {
            DecoderModule module = module(target);
            boolean present = !module.inLayers()
                    || IntStream.range(0, model.layers())
                            .anyMatch(l -> spec.weight(module.at(l)).isPresent());
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

    /** Values that are trained. */
    long trainedParameters() {
        DecoderSpec spec = model.spec();
        if (full) {
            return spec.parameters() - (config.trainRouters() ? 0 : routerParameters());
        }
        long sum = 0;
        for (DecoderModule module : modules()) {
            for (int layer = 0; layer < (module.inLayers() ? model.layers() : 1); layer++) {
                DecoderModule.Place place = module.at(layer);
                Optional<TensorSpec> weight = spec.weight(place);
                if (module == DecoderModule.OUTPUT) {
                    weight = weight.or(() -> spec.weight(DecoderModule.TOKEN_EMBEDDING.at(-1)));
                }
                sum += weight.map(base -> lora.rank() * (base.rows() + base.columns() * spec.stacked(place)))
                        .orElse(0L);
            }
        }
        return sum;
    }

    private long routerParameters() {
        return model.spec().tensors().stream()
                .filter(tensor -> tensor.place().module() == DecoderModule.ROUTER
                        || tensor.place().module() == DecoderModule.SHARED_ROUTER)
                .mapToLong(TensorSpec::elements)
                .sum();
    }

    Packer packer() {
        return new Packer(rowTokens(), config.packing(), config.seed());
    }

    /** Rows of one sequence, unless longer ones are asked for, are no longer than the model's sequences may be. */
    private int rowTokens() {
        return config.batchTokens() == config.maxLength()
                ? Math.min(config.batchTokens(), model.contextLength())
                : config.batchTokens();
    }

    /** The rows of the first epoch; every epoch has as many, and none is longer than the longest of these. */
    PackedRows firstEpoch() {
        return packer().epoch(data.examples(), 0);
    }

    /** Rows of short data may not fill what is allowed. */
    private int longestRow() {
        return Math.max(firstEpoch().longest(), evalRows().longest());
    }

    /** Optimizer steps of the whole run. */
    int totalSteps(int rowsPerEpoch) {
        int perEpoch = (rowsPerEpoch + config.gradAccumulation() - 1) / config.gradAccumulation();
        long all = (long) perEpoch * config.epochs();
        return (int) Math.min(config.maxSteps() > 0 ? config.maxSteps() : Integer.MAX_VALUE, all);
    }

    /** The validation's rows, the same each time. */
    PackedRows evalRows() {
        return packer().pack(data.evalExamples());
    }
}
