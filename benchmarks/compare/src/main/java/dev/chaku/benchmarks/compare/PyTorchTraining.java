package dev.chaku.benchmarks.compare;

import static org.bytedeco.pytorch.global.torch.clip_grad_norm_;
import static org.bytedeco.pytorch.global.torch.get_cpu_capability;
import static org.bytedeco.pytorch.global.torch.hasMKL;
import static org.bytedeco.pytorch.global.torch.hasMKLDNN;
import static org.bytedeco.pytorch.global.torch.log_sigmoid;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import dev.chaku.DeviceInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** PyTorch's LoRA step. Arguments: file, shape, threads, tokens, initial adapter, base type, attention, method. */
final class PyTorchTraining {
    /** The label that PyTorch's cross-entropy leaves out. */
    private static final long IGNORED = -100;

    private final TensorVector parameters;
    private final PyTorchDecoder decoder;
    private final AdamW optimizer;
    private final List<Tensor> ids = new ArrayList<>();
    private final List<Tensor> labels = new ArrayList<>();
    /** Of the chosen and the rejected answer, by the model as it began; none but of DPO. */
    private final List<Double> reference = new ArrayList<>();

    private PyTorchTraining(PyTorchDecoder decoder, List<int[]> texts) {
        this.decoder = decoder;
        this.parameters = new TensorVector(decoder.parameters().toArray(new Tensor[0]));
        this.optimizer = new AdamW(parameters, options());
        for (int[] tokens : texts) {
            long[] wide = new long[tokens.length];
            long[] next = new long[tokens.length];
            for (int i = 0; i < tokens.length; i++) {
                wide[i] = tokens[i];
                next[i] = i + 1 < tokens.length ? tokens[i + 1] : IGNORED;
            }
            ids.add(AbstractTensor.create(wide));
            labels.add(AbstractTensor.create(next));
        }
        // B is zero now.
        for (int i = 0; texts.size() > 1 && i < texts.size(); i++) {
            try (PointerScope scope = new PointerScope()) {
                Tensor first = logProbability(i);
                scope.attach(first);
                reference.add(first.item_double());
            }
        }
    }

    /** As Chaku has them: no decay. */
    private static AdamWOptions options() {
        AdamWOptions options = new AdamWOptions(TrainingText.LEARNING_RATE);
        options.weight_decay().put(0);
        return options;
    }

    /** Of a text, summed over its tokens. */
    private Tensor logProbability(int text) {
        return decoder.loss(ids.get(text), labels.get(text)).mul(new Scalar(1 - ids.get(text).size(0)));
    }

    private Tensor loss() {
        if (ids.size() == 1) {
            return decoder.loss(ids.get(0), labels.get(0));
        }
        Tensor margin = logProbability(0)
                .sub(logProbability(1))
                .sub(new Scalar(reference.get(0) - reference.get(1)))
                .mul(new Scalar(TrainingText.BETA));
        return log_sigmoid(margin).neg();
    }

    public static void main(String[] args) {
        WorkerLoop.run(() -> {
            set_num_threads(Integer.parseInt(args[2]));
            PeerShape shape = PeerShape.parse(args[1]);
            int tokens = Integer.parseInt(args[3]);
            ScalarType type = args[5].equals("bf16") ? ScalarType.BFloat16 : ScalarType.Float;
            PyTorchDecoder.Attention attention = PyTorchDecoder.Attention.valueOf(args[6].toUpperCase(Locale.ROOT));
            PyTorchDecoder decoder =
                    new PyTorchDecoder(
                            Path.of(args[0]),
                            shape,
                            type,
                            attention,
                            tokens,
                            Path.of(args[4]),
                            args[7].equals("dora"),
                            args[7].equals("dpo") ? ScalarType.Double : ScalarType.Float);
            Map<String, Object> greeting = new LinkedHashMap<>();
            greeting.put("program", "PyTorch");
            greeting.put(
                    "system",
                    get_cpu_capability().getString()
                            + (hasMKLDNN() ? ", oneDNN" : "")
                            + (hasMKL() ? ", MKL" : ", no MKL"));
            WorkerLoop.serve(greeting, new PyTorchTraining(decoder, TrainingText.of(args[7], tokens, shape))::answer);
        });
    }

    /** One step. */
    private Map<String, Object> answer(Map<String, Object> request) {
        long start = System.nanoTime();
        double loss;
        double norm;
        try (PointerScope scope = new PointerScope()) {
            optimizer.zero_grad();
            Tensor result = loss();
            scope.attach(result);
            loss = result.item_double();
            result.backward();
            norm = clip_grad_norm_(parameters, 1.0);
            optimizer.step();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("seconds", seconds);
        fields.put("loss", loss);
        fields.put("grad_norm", norm);
        fields.put("peak_bytes", DeviceInfo.processPeakBytes());
        return fields;
    }
}
