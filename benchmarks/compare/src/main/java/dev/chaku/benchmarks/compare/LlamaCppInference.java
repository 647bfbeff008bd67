package dev.chaku.benchmarks.compare;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.Sampler;
import dev.chaku.DeviceInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * llama.cpp through java-llama.cpp. Its own clock counts, which it writes to its log after each request: it leaves out
 * the way through Java, so no nanosecond of that is held against it. Arguments: file, threads, tokens of context, log
 * file.
 */
final class LlamaCppInference {
    private static final Pattern PROMPT = Pattern.compile("prompt eval time =\\s*([0-9.]+) ms /\\s*(\\d+) tokens");
    private static final Pattern DECODE = Pattern.compile("(?<!prompt )eval time =\\s*([0-9.]+) ms /\\s*(\\d+) tokens");
    private static final Pattern SYSTEM = Pattern.compile("system_info: (.*)");
    private static final Pattern BUILD = Pattern.compile("build: (\\d+ \\([0-9a-f]+\\))");

    private final Path log;
    private final LlamaModel model;
    private long logRead;

    private LlamaCppInference(String file, int threads, int context, Path log) throws IOException {
        this.log = log;
        Files.deleteIfExists(log);
        ModelParameters parameters = new ModelParameters()
                .setModel(file)
                .setThreads(threads)
                .setThreadsBatch(threads)
                .setCtxSize(context)
                .setGpuLayers(0)
                .setLogFile(log.toString());
        model = new LlamaModel(parameters);
    }

    public static void main(String[] args) {
        WorkerLoop.run(() -> {
            LlamaCppInference engine = new LlamaCppInference(
                    args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]), Path.of(args[3]));
            Map<String, Object> greeting = new LinkedHashMap<>();
            greeting.put("program", "java-llama.cpp");
            greeting.put("system", engine.await(SYSTEM).group(1).strip());
            greeting.put("build", engine.await(BUILD).group(1).strip());
            WorkerLoop.serve(greeting, engine::answer);
        });
    }

    private Map<String, Object> answer(Map<String, Object> request) throws IOException, InterruptedException {
        return request.get("words") instanceof Integer words
                ? continuation((String) request.get("prompt"), words)
                : timed((String) request.get("prompt"), (Integer) request.get("generate"));
    }

    private static InferenceParameters request(String prompt, int generate) {
        return new InferenceParameters(prompt)
                .setNPredict(generate)
                .setIgnoreEos(true)
                .setCachePrompt(false)
                .setTemperature(0)
                .setTopK(1)
                .setSamplers(Sampler.TOP_K);
    }

    private Map<String, Object> timed(String prompt, int generate) throws IOException, InterruptedException {
        logRead = Files.size(log);
        model.complete(request(prompt, generate));
        Matcher promptTime = await(PROMPT);
        Matcher decodeTime = await(DECODE);
        if (Integer.parseInt(promptTime.group(2)) != prompt.length()
                || Integer.parseInt(decodeTime.group(2)) != generate) {
            throw new IllegalStateException("llama.cpp: expected " + prompt.length() + " tokens of prompt and "
                    + generate + " generated, found " + promptTime.group() + "; " + decodeTime.group());
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("prefill_tokens_per_s", prompt.length() * 1e3 / Double.parseDouble(promptTime.group(1)));
        // Its clock starts when the first token is known: so many tokens less one were computed.
        fields.put("decode_tokens_per_s", (generate - 1) * 1e3 / Double.parseDouble(decodeTime.group(1)));
        fields.put("peak_bytes", DeviceInfo.processPeakBytes());
        return fields;
    }

    /** The words it would go on with, greedily. */
    private Map<String, Object> continuation(String prompt, int words) {
        List<Integer> others =
                IntStream.range(0, PlainVocabulary.FIRST_WORD).boxed().toList();
        String text = model.complete(request(prompt, words).disableTokenIds(others));
        return Map.of("words", PlainVocabulary.words(text.strip()));
    }

    /** The log is written by a thread of the engine's own, a little after the answer. */
    private Matcher await(Pattern pattern) throws IOException, InterruptedException {
        for (int tries = 0; tries < 500; tries++) {
            byte[] bytes = Files.readAllBytes(log);
            int from = (int) Math.min(logRead, bytes.length);
            Matcher matcher = pattern.matcher(new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8));
            if (matcher.find()) {
                return matcher;
            }
            Thread.sleep(10);
        }
        throw new IllegalStateException("llama.cpp's log has no line like " + pattern);
    }
}
