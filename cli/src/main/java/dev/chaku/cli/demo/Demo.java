package dev.chaku.cli.demo;

import dev.chaku.Adapter;
import dev.chaku.Generator;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Trainer;
import dev.chaku.TrainingFolder;
import dev.chaku.TrainingRun;
import dev.chaku.data.Dataset;
import dev.chaku.io.FileDraft;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The demo: a base model that answers in plain sentences, six hundred examples, and seconds later an adapter that
 * answers in JSON, politely where the question is Japanese.
 */
public final class Demo {
    private static final int ANSWER_TOKENS = 96;
    private static final int SHOWN = 6;

    /** A held-out question with its answers before and after. */
    public record Sample(String question, String before, String after) {}

    /** What came of it. */
    public record Outcome(Path adapter, Path data, Scores before, Scores after, List<Sample> samples) {}

    private final Path folder;
    private final ModelOptions options;
    private final DemoData data = DemoData.of(World.load());

    /** @param folder new or empty: the base, the data and the run are put there */
    public Demo(Path folder, ModelOptions options) {
        this.folder = folder;
        this.options = options;
    }

    /** Number of examples that are trained on. */
    public int trainingExamples() {
        return data.train().size();
    }

    /** Number of questions that are asked before and after. */
    public int heldOutQuestions() {
        return data.heldOut().size();
    }

    /** Runs it all. */
    public Outcome run(Consumer<String> stage, Consumer<TrainingProgress> progress) throws IOException {
        try (TrainingFolder held = TrainingFolder.create(folder)) {
            return runHeld(stage, progress);
        }
    }

    private Outcome runHeld(Consumer<String> stage, Consumer<TrainingProgress> progress) throws IOException {
        Path base = writeBase();
        Path train = writeData("train.jsonl", data.train());
        writeData("heldout.jsonl", data.heldOut());
        try (Model model = Model.open(base, options)) {
            stage.accept("asking the base model " + data.heldOut().size() + " questions ...");
            List<String> before = answers(model.generator());
            stage.accept("training on " + data.train().size() + " examples ...");
            Adapter adapter = train(model, train, progress);
            stage.accept("asking again, with the adapter ...");
            List<String> after = answers(model.generator().adapter(adapter, 1));
            List<Sample> samples = new ArrayList<>();
            for (int i = 0; i < Math.min(SHOWN, before.size()); i++) {
                samples.add(new Sample(data.heldOut().get(i).text(), before.get(i), after.get(i)));
            }
            return new Outcome(
                    folder.resolve("run").resolve(Adapter.FILE_NAME),
                    train,
                    Scores.of(data.heldOut(), before),
                    Scores.of(data.heldOut(), after),
                    samples);
        }
    }

    private Path writeBase() throws IOException {
        Path base = folder.resolve("base.gguf");
        ByteBuffer bytes;
        try (InputStream in = Demo.class.getResourceAsStream("base.gguf")) {
            bytes = ByteBuffer.wrap(in.readAllBytes());
        }
        try (FileDraft draft = NewFile.at(base).begin()) {
            while (bytes.hasRemaining()) {
                draft.channel().write(bytes);
            }
            draft.place();
        } catch (IOException e) {
            throw FileFault.notWritten(base, e);
        }
        return base;
    }

    private Path writeData(String name, List<Question> questions) {
        Path file = folder.resolve(name);
        NewFile.at(file).write(questions.stream().map(DemoData::chatLine).collect(Collectors.joining("\n", "", "\n")));
        return file;
    }

    private List<String> answers(Generator generator) {
        generator.temperature(0).maxTokens(ANSWER_TOKENS);
        return data.heldOut().stream()
                .map(q -> generator
                        .chat(List.of(Map.of("role", "user", "content", q.text())))
                        .generate()
                        .text()
                        .strip())
                .toList();
    }

    private Adapter train(Model model, Path file, Consumer<TrainingProgress> progress) {
        TrainingConfig config = TrainingConfig.defaults().with(c -> c.maxLength(512)
                .epochs(12)
                .learningRate(2e-3)
                .warmupSteps(10)
                .saveSteps(0));
        Trainer trainer = Trainer.on(model)
                .lora(LoraConfig.rank(16))
                .config(config)
                .data(Dataset.read(file))
                .onProgress(progress)
                .output(folder.resolve("run"));
        try (TrainingRun run = trainer.start()) {
            return run.await();
        }
    }
}
