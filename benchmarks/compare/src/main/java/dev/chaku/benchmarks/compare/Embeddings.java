package dev.chaku.benchmarks.compare;

import dev.chaku.Device;
import dev.chaku.Embedder;
import dev.chaku.Model;
import dev.chaku.ModelConverter;
import dev.chaku.ModelOptions;
import dev.chaku.TextUse;
import dev.chaku.cli.Machine;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Vectors of texts a second, beside ONNX Runtime as LangChain4j calls it. */
@Command(
        name = "benchmarks/run embed",
        sortOptions = false,
        description =
                "Embeds the same texts in turn with LangChain4j's all-MiniLM-L6-v2 (ONNX Runtime) and with Chaku on"
                        + " random weights of that shape, both with all cores: one text at a time, and 32 at once.")
final class Embeddings implements Callable<Integer> {
    private static final double SECONDS = 1.5;
    private static final List<String> WORDS =
            List.of("the", "cow", "lives", "on", "mars", "and", "eats", "red", "grass", "all", "day", "long");

    @Option(names = "--quick", description = "Two rounds: does it work at all?")
    private boolean quick;

    @Mixin
    private RunOptions run;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Embeddings()).execute(args));
    }

    /** Embeds all texts once. */
    private interface Work {
        void embed(List<String> texts);
    }

    @Override
    public Integer call() throws IOException {
        return run.write("embed", quick, report -> {
            Path folder = Files.createTempDirectory("minilm");
            try (InputStream tokenizer =
                    AllMiniLmL6V2EmbeddingModel.class.getResourceAsStream("/all-minilm-l6-v2-tokenizer.json")) {
                EmbeddingModel.write(folder.resolve("hf"), tokenizer);
            }
            Path gguf = folder.resolve("minilm.gguf");
            ModelConverter.of(folder.resolve("hf")).write(gguf);
            for (Device device : List.of(Device.AUTO, Device.FLOAT32)) {
                try (Model model = Model.open(gguf, ModelOptions.defaults().withDevice(device));
                        Embedder embedder = model.embedder()) {
                    measure(report, model, embedder);
                }
            }
            return 0;
        });
    }

    private void measure(Report report, Model model, Embedder embedder) {
        String label = "chaku " + model.device().device().label();
        report.program(
                label,
                Map.of("machine", Machine.describe(model.device()), "system", "32-bit weights, one process with both"));
        AllMiniLmL6V2EmbeddingModel theirs = new AllMiniLmL6V2EmbeddingModel();
        for (int batch : new int[] {1, 32}) {
            List<String> texts = texts(batch);
            Work peer =
                    all -> theirs.embedAll(all.stream().map(TextSegment::from).toList());
            Work own = all -> embedder.embedAll(all, TextUse.DOCUMENT);
            Samples peers = new Samples();
            Samples ours = new Samples();
            for (int round = -1; round < (quick ? 2 : 9); round++) {
                double first = rate(peer, texts);
                double second = rate(own, texts);
                if (round >= 0) { // the first warms up
                    peers.add(first);
                    ours.add(second);
                }
            }
            row(report, "langchain4j onnx", batch, peers, null);
            row(report, label, batch, ours, ours.over(peers));
        }
    }

    private static void row(Report report, String program, int batch, Samples rate, Samples ratio) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "embeddings");
        row.put("shape", "minilm-l6");
        row.put("tokens", "batch " + batch);
        row.put("program", program);
        row.put("texts_per_s", rate.fields());
        if (ratio != null) {
            row.put("ratio", ratio.fields());
        }
        report.row(row);
    }

    private static double rate(Work work, List<String> texts) {
        long begin = System.nanoTime();
        long done = 0;
        double seconds;
        do {
            work.embed(texts);
            done += texts.size();
            seconds = (System.nanoTime() - begin) / 1e9;
        } while (seconds < SECONDS);
        return done / seconds;
    }

    /** Of 10 to 40 words, a token each. */
    private static List<String> texts(int count) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int words = count == 1 ? 25 : 10 + i * 30 / (count - 1);
            StringBuilder text = new StringBuilder();
            for (int word = 0; word < words; word++) {
                text.append(WORDS.get((word + i) % WORDS.size())).append(' ');
            }
            texts.add(text.toString());
        }
        return texts;
    }
}
