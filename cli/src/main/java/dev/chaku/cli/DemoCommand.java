package dev.chaku.cli;

import dev.chaku.cli.demo.BaseBuilder;
import dev.chaku.cli.demo.Demo;
import dev.chaku.cli.demo.Scores;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku demo}: a fine-tuning from start to end, on a base and data of our own. */
@Command(
        name = "demo",
        description = {
            "Fine-tunes a tiny built-in model to answer in JSON, politely in Japanese, and shows its answers before and after.",
            "Everything it makes stays in the output folder: the base, the data, the adapter, a picture of the loss."
        },
        footer = {
            "",
            "Examples:",
            "  chaku demo",
            "  chaku demo --out my-demo --json",
            "  chaku demo --rebuild-base base       pre-train the built-in model anew (about ten minutes)"
        })
final class DemoCommand extends Verb {
    @Writes(Writes.Kind.FOLDER)
    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "A new folder for what the demo makes (chaku-demo, or chaku-demo-2 …).")
    private Path out;

    @Writes(Writes.Kind.FOLDER)
    @Option(
            names = "--rebuild-base",
            paramLabel = "DIR",
            description = "Instead, pre-train the base model from random weights into this folder.")
    private Path rebuild;

    @Option(names = "--rebuild-epochs", defaultValue = "40", hidden = true)
    private int rebuildEpochs;

    @Option(names = "--rebuild-width", defaultValue = "" + BaseBuilder.WIDTH, hidden = true)
    private int rebuildWidth;

    @Mixin
    private EngineOptions engine;

    @Override
    void validate() {
        refuseBeside("--rebuild-base", "--out");
        requireAtLeast(1, "--rebuild-epochs", rebuildEpochs);
        requireAtLeast(8, "--rebuild-width", rebuildWidth);
        requireBeside("--rebuild-base", "--rebuild-epochs", "--rebuild-width");
    }

    @Override
    void execute() throws IOException {
        if (rebuild != null) {
            rebuildBase();
            return;
        }
        long start = System.nanoTime();
        Path folder = out != null ? out : unusedFolder();
        Demo demo = new Demo(folder, engine.modelOptions());
        Demo.Outcome outcome;
        try (TrainingDisplay display = new TrainingDisplay(console())) {
            outcome = demo.run(display::note, display);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("valid_before", outcome.before().validShare());
        fields.put("valid_after", outcome.after().validShare());
        fields.put("right_before", outcome.before().rightShare());
        fields.put("right_after", outcome.after().rightShare());
        fields.put("adapter", outcome.adapter().toString());
        fields.put("data", outcome.data().toString());
        fields.put("samples", outcome.samples());
        fields.put("seconds", seconds);
        result(fields, () -> print(outcome, seconds));
    }

    private void rebuildBase() throws IOException {
        try (TrainingDisplay display = new TrainingDisplay(console())) {
            Path file = BaseBuilder.build(rebuild, rebuildEpochs, rebuildWidth, display);
            result(Map.of("model", file.toString()), () -> console().print("The base model is in " + file));
        }
    }

    /** Makes the first folder of its name that is not there, so that of two demos at once each has its own. */
    private static Path unusedFolder() {
        Path folder = Path.of("chaku-demo");
        NewFile.requireFolderCanBeMade(folder.toAbsolutePath().resolveSibling("chaku-demo-new"));
        for (int i = 2; !makes(folder); i++) {
            folder = Path.of("chaku-demo-" + i);
        }
        return folder;
    }

    private static boolean makes(Path folder) {
        try {
            Files.createDirectory(folder);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw FileFault.notWritten(folder, e);
        }
    }

    private void print(Demo.Outcome outcome, double seconds) {
        console().print("");
        console().print("Answers to questions that were not in the training data:");
        for (Demo.Sample sample : outcome.samples()) {
            console().print("");
            console().print("  " + console().colour(Console.Colour.BOLD, sample.question()));
            console().print("    before  " + console().colour(Console.Colour.DIM, sample.before()));
            console().print("    after   " + console().colour(Console.Colour.GREEN, sample.after()));
        }
        console().print("");
        console().print("Valid answers (one JSON object, right keys and language, polite Japanese):");
        console().print("  before  " + share(outcome.before()));
        console().print("  after   " + share(outcome.after()));
        console().print("");
        console().print("The adapter: " + outcome.adapter());
        console().print("The data:    " + outcome.data());
        console().print("Took " + ProgressLine.duration(Duration.ofMillis((long) (seconds * 1000))) + ". Try it:");
        Path folder = outcome.data().getParent();
        console()
                .print("  "
                        + Program.command(
                                "generate",
                                "--model",
                                folder.resolve("base.gguf"),
                                "--adapter",
                                folder.resolve("run"),
                                "--chat",
                                "--prompt",
                                "Where does the cow live?",
                                "--temperature",
                                0));
    }

    private static String share(Scores scores) {
        return String.format(
                Locale.ROOT,
                "%3.0f %%  (%d of %d; %d state the right fact)",
                100 * scores.validShare(),
                scores.valid(),
                scores.answers(),
                scores.right());
    }
}
