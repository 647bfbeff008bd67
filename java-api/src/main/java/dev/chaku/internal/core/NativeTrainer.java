package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_batch;
import dev.chaku.internal.core.binding.generated.chaku_loss;
import dev.chaku.internal.core.binding.generated.chaku_memory_plan;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.core.binding.generated.chaku_parameter_info;
import dev.chaku.internal.core.binding.generated.chaku_step_options;
import dev.chaku.internal.core.binding.generated.chaku_step_result;
import dev.chaku.internal.core.binding.generated.chaku_trainer;
import dev.chaku.internal.engine.BatchLoss;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.MemoryPlan;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.engine.StepOptions;
import dev.chaku.internal.engine.StepResult;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.engine.TrainingBatch;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;

/** Parameters, gradients and AdamW state over a model. */
final class NativeTrainer extends NativeHandle<chaku_trainer> implements EngineTrainer {
    private final int maxTokens;
    private final int vocabSize;
    private final IntBuffer tokens;
    private final IntBuffer targets;
    private final FloatBuffer weights;
    private final IntBuffer starts;

    private NativeTrainer(chaku_trainer pointer, int maxTokens, int vocabSize) {
        super("trainer", pointer, chaku::chaku_trainer_free);
        this.maxTokens = maxTokens;
        this.vocabSize = vocabSize;
        this.tokens = DirectBuffers.ints(maxTokens);
        this.targets = DirectBuffers.ints(maxTokens);
        this.weights = DirectBuffers.floats(maxTokens);
        this.starts = DirectBuffers.ints(maxTokens + 1);
    }

    /** What a trainer would take; nothing is allocated. */
    static MemoryPlan plan(NativeModel model, TrainerOptions options) {
        chaku_model modelPointer = model.enter();
        try (TrainerStructs structs = TrainerStructs.of(options);
                chaku_memory_plan plan = MemoryPlans.struct()) {
            Status.check(chaku.chaku_trainer_plan(modelPointer, structs.options(), plan));
            return MemoryPlans.of(plan);
        } finally {
            model.leave();
        }
    }

    /** @throws dev.chaku.errors.ResourceException if the plan exceeds the limit or the machine */
    static NativeTrainer create(NativeModel model, TrainerOptions options) {
        chaku_model modelPointer = model.enter();
        try (TrainerStructs structs = TrainerStructs.of(options)) {
            chaku_trainer out = new chaku_trainer();
            Status.check(chaku.chaku_trainer_create(modelPointer, structs.options(), out));
            return new NativeTrainer(out, options.maxTokens(), model.vocabSize());
        } finally {
            model.leave();
        }
    }

    @Override
    public int maxTokens() {
        return maxTokens;
    }

    @Override
    public BatchLoss accumulate(TrainingBatch batch) {
        return run(batch, true);
    }

    @Override
    public BatchLoss evaluate(TrainingBatch batch) {
        return run(batch, false);
    }

    @Override
    public void logits(TrainingBatch batch, FloatBuffer logits) {
        long floats = 0;
        for (float weight : batch.weights()) {
            floats += weight > 0 ? vocabSize : 0;
        }
        if (!logits.isDirect() || logits.remaining() < floats) {
            throw new IllegalArgumentException("expected a direct buffer of " + floats + " floats");
        }
        chaku_trainer trainer = enterExclusive();
        try (chaku_batch struct = struct(batch)) {
            Status.check(chaku.chaku_trainer_logits(trainer, struct, new FloatPointer(logits), floats));
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public double[] logProbs(TrainingBatch batch, boolean backwardFollows) {
        double[] values = new double[batch.tokens().length];
        chaku_trainer trainer = enterExclusive();
        try (chaku_batch struct = struct(batch)) {
            Status.check(
                    chaku.chaku_trainer_log_probs(trainer, struct, backwardFollows ? 1 : 0, values, values.length));
            return values;
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public BatchLoss backward(TrainingBatch batch, double weightSum) {
        chaku_trainer trainer = enterExclusive();
        try (chaku_batch struct = struct(batch);
                chaku_loss loss = new chaku_loss()) {
            loss.size(loss.sizeof());
            Status.check(chaku.chaku_trainer_backward(trainer, struct, weightSum, loss));
            return result(loss);
        } finally {
            leaveExclusive();
        }
    }

    private static BatchLoss result(chaku_loss loss) {
        return new BatchLoss(loss.n_weighted(), loss.n_correct(), loss.loss_sum(), loss.weight_sum(), loss.balance());
    }

    /** The batch as the core reads it, over buffers of this trainer. */
    private chaku_batch struct(TrainingBatch batch) {
        int n = batch.tokens().length;
        if (n > maxTokens) {
            throw new IllegalArgumentException("expected at most " + maxTokens + " tokens in a micro-batch, got " + n);
        }
        chaku_batch struct = new chaku_batch();
        return struct.size(struct.sizeof())
                .n_tokens(n)
                .n_sequences(batch.sequences())
                .index(batch.index())
                .tokens(new IntPointer(fill(tokens, batch.tokens())))
                .targets(new IntPointer(fill(targets, batch.targets())))
                .weights(new FloatPointer(weights.clear().put(batch.weights()).flip()))
                .starts(new IntPointer(fill(starts, batch.starts())));
    }

    private BatchLoss run(TrainingBatch batch, boolean backward) {
        chaku_trainer trainer = enterExclusive();
        try (chaku_batch struct = struct(batch);
                chaku_loss loss = new chaku_loss()) {
            loss.size(loss.sizeof());
            Status.check(
                    backward
                            ? chaku.chaku_trainer_accumulate(trainer, struct, loss)
                            : chaku.chaku_trainer_evaluate(trainer, struct, loss));
            return result(loss);
        } finally {
            leaveExclusive();
        }
    }

    private static IntBuffer fill(IntBuffer buffer, int[] values) {
        return buffer.clear().put(values).flip();
    }

    @Override
    public StepResult step(StepOptions options) {
        chaku_trainer trainer = enterExclusive();
        try (chaku_step_options struct = new chaku_step_options();
                chaku_step_result result = new chaku_step_result()) {
            result.size(result.sizeof());
            struct.size(struct.sizeof())
                    .learning_rate(options.learningRate())
                    .beta1(options.beta1())
                    .beta2(options.beta2())
                    .epsilon(options.epsilon())
                    .weight_decay(options.weightDecay())
                    .max_grad_norm(options.maxGradNorm())
                    .b_rate_ratio(options.bRateRatio())
                    .max_grad_value(options.maxGradValue());
            Status.check(chaku.chaku_trainer_step(trainer, struct, result));
            return new StepResult(result.skipped() != 0, result.step(), result.grad_norm());
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public void cancel() {
        chaku_trainer trainer = enterIfOpen();
        if (trainer != null) {
            try {
                Status.check(chaku.chaku_trainer_cancel(trainer));
            } finally {
                leave();
            }
        }
    }

    @Override
    public int parameters() {
        chaku_trainer trainer = enterExclusive();
        try {
            IntBuffer out = DirectBuffers.ints(1);
            Status.check(chaku.chaku_trainer_n_parameters(trainer, out));
            return out.get(0);
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public ParameterInfo parameter(int index) {
        chaku_trainer trainer = enterExclusive();
        try (chaku_parameter_info info = new chaku_parameter_info()) {
            info.size(info.sizeof());
            Status.check(chaku.chaku_trainer_parameter(trainer, index, info));
            ParameterInfo.Kind kind = Ids.parameterKind(info.kind());
            return new ParameterInfo(Ids.module(info.module()), kind, info.layer(), info.rows(), info.columns());
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public void read(int index, Slot slot, FloatBuffer target) {
        DirectBuffers.requireDirect(target);
        chaku_trainer trainer = enterExclusive();
        try {
            FloatBuffer out = target.slice();
            Status.check(chaku.chaku_trainer_read(trainer, index, Ids.of(slot), out, out.remaining()));
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public void write(int index, Slot slot, FloatBuffer source) {
        DirectBuffers.requireDirect(source);
        chaku_trainer trainer = enterExclusive();
        try {
            FloatBuffer in = source.slice();
            Status.check(chaku.chaku_trainer_write(trainer, index, Ids.of(slot), in, in.remaining()));
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public void multiply(int index, int expert, boolean transposed, FloatBuffer x, FloatBuffer y) {
        DirectBuffers.requireDirect(x);
        DirectBuffers.requireDirect(y);
        chaku_trainer trainer = enterExclusive();
        try {
            FloatBuffer in = x.slice();
            FloatBuffer out = y.slice();
            Status.check(chaku.chaku_trainer_multiply(
                    trainer, index, expert, transposed ? 1 : 0, in, in.remaining(), out, out.remaining()));
        } finally {
            leaveExclusive();
        }
    }

    @Override
    public void setStep(long step) {
        chaku_trainer trainer = enterExclusive();
        try {
            Status.check(chaku.chaku_trainer_set_step(trainer, step));
        } finally {
            leaveExclusive();
        }
    }
}
