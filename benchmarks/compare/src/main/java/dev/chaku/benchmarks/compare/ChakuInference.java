package dev.chaku.benchmarks.compare;

import dev.chaku.Device;
import dev.chaku.DeviceInfo;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.cli.Machine;
import dev.chaku.generate.Generation;
import dev.chaku.generate.SamplingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Chaku's prefill and decode. Arguments: file, threads, device. */
final class ChakuInference {
    private final Model model;

    private ChakuInference(Model model) {
        this.model = model;
    }

    public static void main(String[] args) {
        WorkerLoop.run(() -> {
            ModelOptions options = ModelOptions.defaults()
                    .withThreads(Integer.parseInt(args[1]))
                    .withDevice(Device.parse(args[2]));
            try (Model model = Model.open(Path.of(args[0]), options)) {
                Map<String, Object> greeting = new LinkedHashMap<>();
                greeting.put("program", "chaku");
                greeting.put("system", model.device().device().label());
                greeting.put("machine", Machine.describe(model.device()));
                WorkerLoop.serve(greeting, new ChakuInference(model)::answer);
            }
        });
    }

    private Map<String, Object> answer(Map<String, Object> request) {
        return request.get("follow") instanceof List<?> ids
                ? behind((String) request.get("prompt"), ids)
                : timed((String) request.get("prompt"), (Integer) request.get("generate"));
    }

    private Map<String, Object> timed(String prompt, int generate) {
        Generation generation = model.generator()
                .tokens(PlainVocabulary.ids(prompt))
                .maxTokens(generate)
                .sampling(SamplingOptions.greedy())
                .endless(true)
                .generate();
        if (generation.cachedTokens() != 0 || generation.tokens().length != generate) {
            throw new IllegalStateException("chaku: expected a new prompt and " + generate + " tokens, found "
                    + generation.cachedTokens() + " cached and " + generation.tokens().length);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("prefill_tokens_per_s", generation.prefillTokensPerSecond());
        fields.put("decode_tokens_per_s", generation.decodeTokensPerSecond());
        fields.put("peak_bytes", DeviceInfo.processPeakBytes());
        return fields;
    }

    /**
     * How far each token of a continuation is behind the best word at its position, in logits; 0 where it is the best.
     */
    private Map<String, Object> behind(String prompt, List<?> continuation) {
        int[] start = PlainVocabulary.ids(prompt);
        int[] ids = new int[start.length + continuation.size()];
        System.arraycopy(start, 0, ids, 0, start.length);
        for (int i = 0; i < continuation.size(); i++) {
            ids[start.length + i] = (Integer) continuation.get(i);
        }
        float[][] logits = model.logits(ids);
        List<Double> behind = new ArrayList<>();
        for (int i = start.length; i < ids.length; i++) {
            float[] row = logits[i - 1];
            double best = Double.NEGATIVE_INFINITY;
            for (int id = PlainVocabulary.FIRST_WORD; id < row.length; id++) {
                best = Math.max(best, row[id]);
            }
            behind.add(best - row[ids[i]]);
        }
        return Map.of("behind", behind);
    }
}
