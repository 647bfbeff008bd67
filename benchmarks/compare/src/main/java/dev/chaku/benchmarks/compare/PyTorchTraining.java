package dev.chaku.benchmarks.compare;

import static org.bytedeco.pytorch.global.torch.clip_grad_norm_;
import static org.bytedeco.pytorch.global.torch.get_cpu_capability;
import static org.bytedeco.pytorch.global.torch.hasMKL;
import static org.bytedeco.pytorch.global.torch.hasMKLDNN;
import static org.bytedeco.pytorch.global.torch.manual_seed;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import dev.chaku.DeviceInfo;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** PyTorch's LoRA step. Arguments: file, shape, threads, tokens, rank, base type, attention. */
final class PyTorchTraining {
    /** The label that PyTorch's cross-entropy leaves out. */
    private static final long IGNORED = -100;

    private final TensorVector parameters;
    private final PyTorchDecoder decoder;
    private final AdamW optimizer;
    private final Tensor ids;
    private final Tensor labels;

    private PyTorchTraining(PyTorchDecoder decoder, int[] tokens) {
        this.decoder = decoder;
        this.parameters = new TensorVector(decoder.parameters().toArray(new Tensor[0]));
        this.optimizer = new AdamW(parameters, new AdamWOptions(TrainingText.LEARNING_RATE));
        long[] wide = new long[tokens.length];
        long[] next = new long[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            wide[i] = tokens[i];
            next[i] = i + 1 < tokens.length ? tokens[i + 1] : IGNORED;
        }
        this.ids = AbstractTensor.create(wide);
        this.labels = AbstractTensor.create(next);
    }

    public static void main(String[] args) {
        WorkerLoop.run(() -> {
            set_num_threads(Integer.parseInt(args[2]));
            manual_seed(1);
            PeerShape shape = PeerShape.parse(args[1]);
            int tokens = Integer.parseInt(args[3]);
            ScalarType type = args[5].equals("bf16") ? ScalarType.BFloat16 : ScalarType.Float;
            PyTorchDecoder.Attention attention = PyTorchDecoder.Attention.valueOf(args[6].toUpperCase(Locale.ROOT));
            PyTorchDecoder decoder =
                    new PyTorchDecoder(Path.of(args[0]), shape, type, attention, tokens, Integer.parseInt(args[4]));
            Map<String, Object> greeting = new LinkedHashMap<>();
            greeting.put("program", "PyTorch");
            greeting.put(
                    "system",
                    get_cpu_capability().getString()
                            + (hasMKLDNN() ? ", oneDNN" : "")
                            + (hasMKL() ? ", MKL" : ", no MKL"));
            WorkerLoop.serve(greeting, new PyTorchTraining(decoder, TrainingText.ids(tokens, shape))::answer);
        });
    }

    /** One step. */
    private Map<String, Object> answer(Map<String, Object> request) {
        long start = System.nanoTime();
        double loss;
        double norm;
        try (PointerScope scope = new PointerScope()) {
            optimizer.zero_grad();
            Tensor result = decoder.loss(ids, labels);
            scope.attach(result);
            loss = result.item_float();
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
