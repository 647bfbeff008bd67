package dev.chaku.benchmarks.compare;

import dev.chaku.Device;
import dev.chaku.DeviceInfo;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Trainer;
import dev.chaku.TrainingRun;
import dev.chaku.cli.Machine;
import dev.chaku.data.EncodedExample;
import dev.chaku.train.Decay;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;

/**
 * Chaku's LoRA step through its trainer: one run, held after each step until the next one is asked for. Arguments:
 * file, shape, threads, tokens, rank, device, output folder.
 */
final class ChakuTraining {
    private static final int MOST_STEPS = 1000;

    private final SynchronousQueue<TrainingProgress> done = new SynchronousQueue<>();
    private final SynchronousQueue<Boolean> wanted = new SynchronousQueue<>();
    private TrainingRun run;

    public static void main(String[] args) {
        WorkerLoop.run(() -> {
            ModelOptions options = ModelOptions.defaults()
                    .withThreads(Integer.parseInt(args[2]))
                    .withDevice(Device.parse(args[5]));
            // The run waits for ever to be asked for its next step, and the model is its as long as it does: the
            // process ends
            // with both.
            Model model = Model.open(Path.of(args[0]), options);
            int[] tokens = TrainingText.ids(Integer.parseInt(args[3]), PeerShape.parse(args[1]));
            ChakuTraining training = new ChakuTraining();
            Trainer trainer = training.trainer(model, tokens, Integer.parseInt(args[4]), Path.of(args[6]));
            Map<String, Object> greeting = new LinkedHashMap<>();
            greeting.put("program", "chaku");
            greeting.put("system", model.device().device().label());
            greeting.put("machine", Machine.describe(model.device()));
            WorkerLoop.serve(greeting, request -> training.step(trainer));
        });
    }

    private Trainer trainer(Model model, int[] tokens, int rank, Path folder) {
        float[] weights = new float[tokens.length];
        Arrays.fill(weights, 0, tokens.length - 1, 1);
        TrainingConfig config = TrainingConfig.defaults().with(c -> c.maxLength(tokens.length)
                .epochs(MOST_STEPS)
                .learningRate(TrainingText.LEARNING_RATE)
                .decay(new Decay.Constant())
                .warmupSteps(0)
                .saveSteps(0));
        return Trainer.on(model)
                .lora(LoraConfig.rank(rank))
                .config(config)
                .examples(List.of(new EncodedExample(tokens, weights)))
                .onProgress(this::hold)
                .output(folder);
    }

    /** Called on the run's thread after each step. */
    private void hold(TrainingProgress progress) {
        try {
            done.put(progress);
            wanted.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Map<String, Object> step(Trainer trainer) throws InterruptedException {
        long start = System.nanoTime();
        if (run == null) {
            run = trainer.start();
        } else {
            wanted.put(true);
        }
        TrainingProgress progress = done.take();
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("seconds", seconds);
        fields.put("loss", progress.loss());
        fields.put("grad_norm", progress.gradNorm());
        fields.put("peak_bytes", DeviceInfo.processPeakBytes());
        return fields;
    }
}
