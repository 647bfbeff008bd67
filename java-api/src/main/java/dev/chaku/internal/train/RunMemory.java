package dev.chaku.internal.train;

import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.MemoryPlan;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.io.ProcessMemory;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.OptimizerKind;
import dev.chaku.train.TrainingMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a training will take of the process's memory at its most, all counted, and whether it may: the one check, of a
 * plan as of a run.
 *
 * @param core what the core allocates for it, and the weights
 * @param engineBytes working memory of the core's threads
 * @param jvmBytes of the JVM: what it holds now, and what it will need for the run
 * @param jvmGrowthBytes the part of it that it does not hold yet
 * @param limitBytes most that the process may take, 0 for what the machine has
 */
public record RunMemory(MemoryPlan core, long engineBytes, long jvmBytes, long jvmGrowthBytes, long limitBytes) {
    /** A thread's panels, and what all share (native base/thread_pool.h). */
    private static final long THREAD_BYTES = 2L << 20;

    private static final long MIB = 1L << 20;
    /** Rows below this are not worth halving. */
    private static final int FEW_TOKENS = 64;

    private static final long SHARED_BYTES = 16L << 20;
    /** Large buffers end at huge pages: values, gradients, two moments, activations. */
    private static final long ROUNDING_BYTES = 5L << 20;
    /** Compiled code, classes and small buffers that come while it trains. */
    private static final long JVM_GROWTH_BYTES = 16L << 20;
    /** The JVM's part is no exact number, and the same in a plan and the run after it. */
    private static final long JVM_STEP_BYTES = 8L << 20;

    public static RunMemory of(TrainingSetup setup) {
        BaseModel model = setup.model();
        int threads = model.threads();
        long engine =
                THREAD_BYTES * (threads > 0 ? threads : Runtime.getRuntime().availableProcessors())
                        + SHARED_BYTES
                        + ROUNDING_BYTES;
        // Encoding the data has touched most of the young generation before: measured, less than a sixteenth of the
        // heap
        // comes anew. Writing the result takes it once as values and once as a file's tensors.
        long growth = Runtime.getRuntime().totalMemory() / 16
                + JVM_GROWTH_BYTES
                + 2 * setup.trainable().heapBytes();
        long jvm = (ProcessMemory.residentBytes() + growth + JVM_STEP_BYTES - 1) / JVM_STEP_BYTES * JVM_STEP_BYTES;
        long limit = model.memoryLimitBytes();
        long forCore = limit == 0 ? 0 : Math.max(1, limit - engine - jvm);
        return new RunMemory(model.core().plan(setup.options(forCore)), engine, jvm, growth, limit);
    }

    /** What the core may take under the limit; 0 for what the machine has. */
    public long limitForCore() {
        return limitBytes == 0 ? 0 : Math.max(1, limitBytes - engineBytes - jvmBytes);
    }

    /** All of it, part by part. */
    public TrainingMemory parts(List<TrainingMemory.Saving> savings) {
        return new TrainingMemory(
                core.weightBytes(),
                core.parameterBytes(),
                core.optimizerBytes(),
                core.activationBytes(),
                core.scratchBytes(),
                engineBytes,
                jvmBytes,
                core.availableBytes(),
                savings);
    }

    /** What to lower, and what that would save; the most first. */
    public List<TrainingMemory.Saving> savings(TrainingSetup setup) {
        TrainerOptions now = setup.options(limitForCore());
        EngineModel model = setup.model().core();
        List<TrainingMemory.Saving> savings = new ArrayList<>();
        if (now.maxTokens() > FEW_TOKENS) {
            int half = now.maxTokens() / 2;
            save(savings, "max length", Integer.toString(half), model.plan(now.withMaxTokens(half)));
        }
        if (setup.method() instanceof LoraConfig lora && lora.rank() > 1) {
            int half = lora.rank() / 2;
            TrainingSetup lower = setup.with(lora.withRank(half));
            save(savings, "rank", Integer.toString(half), model.plan(lower.options(limitForCore())));
        }
        if (setup.config().optimizer().kind() == OptimizerKind.ADAMW) {
            save(
                    savings,
                    "optimizer",
                    OptimizerKind.ADAMW_8BIT.label(),
                    model.plan(now.with(TrainerOptions.Optimizer.ADAMW_8BIT)));
        }
        MemoryPlan least = model.plan(now.withMemoryLimit(1));
        save(
                savings,
                "memory limit",
                (totalBytes() - core.totalBytes() + least.totalBytes() + MIB - 1) / MIB + "M",
                least);
        savings.sort(Comparator.comparingLong(TrainingMemory.Saving::bytes).reversed());
        return savings;
    }

    private void save(List<TrainingMemory.Saving> savings, String setting, String value, MemoryPlan other) {
        if (other.totalBytes() < core.totalBytes()) {
            savings.add(new TrainingMemory.Saving(setting, value, core.totalBytes() - other.totalBytes()));
        }
    }

    public long totalBytes() {
        return core.totalBytes() + engineBytes + jvmBytes;
    }

    /**
     * Checks that it fits.
     *
     * @throws ResourceException if it exceeds the limit or what the machine has; the message says what to lower
     */
    public void requireFits(TrainingSetup setup) {
        if (limitBytes > 0 && totalBytes() > limitBytes) {
            throw refusal("the memory limit", limitBytes, setup);
        }
        // What the JVM holds now is not among what is available.
        if (core.totalBytes() + engineBytes + jvmGrowthBytes > core.availableBytes()) {
            throw refusal("available on this machine", core.availableBytes() + jvmBytes - jvmGrowthBytes, setup);
        }
    }

    private ResourceException refusal(String whose, long limit, TrainingSetup setup) {
        String lower = savings(setup).stream()
                .filter(saving -> !saving.setting().equals("memory limit"))
                .map(saving -> String.format(
                        Locale.ROOT, "%s %s saves %.1f", saving.setting(), saving.value(), mebibytes(saving.bytes())))
                .collect(Collectors.joining(", "));
        return new ResourceException(String.format(
                Locale.ROOT,
                "training: expected at most %.1f MiB of memory (%s), found %.1f MiB needed: weights %.1f, parameters %.1f, optimizer"
                        + " %.1f, activations %.1f, working memory %.1f, Java %.1f%s",
                mebibytes(limit),
                whose,
                mebibytes(totalBytes()),
                mebibytes(core.weightBytes()),
                mebibytes(core.parameterBytes()),
                mebibytes(core.optimizerBytes()),
                mebibytes(core.activationBytes()),
                mebibytes(core.scratchBytes() + engineBytes),
                mebibytes(jvmBytes),
                lower.isEmpty() ? "" : "; " + lower));
    }

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }
}
