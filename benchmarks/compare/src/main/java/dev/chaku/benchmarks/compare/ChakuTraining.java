package dev.chaku.benchmarks.compare;

import dev.chaku.Adapter;
import dev.chaku.Device;
import dev.chaku.DeviceInfo;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Trainer;
import dev.chaku.TrainingRun;
import dev.chaku.cli.Machine;
import dev.chaku.data.EncodedExample;
import dev.chaku.train.Decay;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.Loss;
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
 * file, shape, threads, tokens, initial adapter, device, output folder, method.
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
            List<int[]> texts = TrainingText.of(args[7], Integer.parseInt(args[3]), PeerShape.parse(args[1]));
            ChakuTraining training = new ChakuTraining();
            Trainer trainer = training.trainer(model, texts, Path.of(args[4]), args[7], Path.of(args[6]));
            Map<String, Object> greeting = new LinkedHashMap<>();
            greeting.put("program", "chaku");
            greeting.put("system", model.device().device().label());
            greeting.put("machine", Machine.describe(model.device()));
            WorkerLoop.serve(greeting, request -> training.step(trainer));
        });
    }

    private Trainer trainer(Model model, List<int[]> texts, Path initial, String method, Path folder) {
        List<EncodedExample> examples = texts.stream().map(ChakuTraining::example).toList();
        int most = texts.stream().mapToInt(tokens -> tokens.length).sum();
        TrainingConfig config = TrainingConfig.defaults().with(c -> c.maxLength(most)
                .loss(method.equals("dpo") ? new Loss.Dpo(TrainingText.BETA, 0, false, 0) : new Loss.CrossEntropy())
                .epochs(MOST_STEPS)
                .learningRate(TrainingText.LEARNING_RATE)
                .decay(new Decay.Constant())
                .warmupSteps(0)
                .saveSteps(0));
        Adapter adapter = Adapter.load(initial);
        LoraVariant variant = method.equals("dora") ? LoraVariant.DORA : LoraVariant.LORA;
        return Trainer.on(model)
                .from("initial", adapter)
                .lora(adapter.lora(model).withVariant(variant))
                .config(config)
                .examples(examples)
                .onProgress(this::hold)
                .output(folder);
    }

    /** All but the last token have one to predict. */
    private static EncodedExample example(int[] tokens) {
        float[] weights = new float[tokens.length];
        Arrays.fill(weights, 0, tokens.length - 1, 1);
        return new EncodedExample(tokens, weights);
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
