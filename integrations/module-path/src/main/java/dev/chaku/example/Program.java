package dev.chaku.example;

import dev.chaku.Adapter;
import dev.chaku.Model;
import dev.chaku.Trainer;
import dev.chaku.TrainingRun;
import dev.chaku.data.Dataset;
import dev.chaku.errors.ChakuException;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Trains an adapter for a step and generates with it. */
public final class Program {
    private Program() {}

    /** @param args the base model, and a folder to work in */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[1]);
        Path data = Files.writeString(folder.resolve("data.jsonl"), "{\"prompt\":\"籠は\",\"completion\":\"棚に置く\"}\n");
        try (Model base = Model.open(Path.of(args[0]));
                TrainingRun run = Trainer.on(base)
                        .lora(LoraConfig.rank(2))
                        .config(TrainingConfig.defaults()
                                .with(c -> c.maxSteps(1).maxLength(64)))
                        .data(Dataset.read(data))
                        .output(folder.resolve("run"))
                        .start();
                Adapter adapter = run.await()) {
            int tokens = base.generator()
                    .adapter(adapter)
                    .prompt("籠は")
                    .maxTokens(4)
                    .endless(true)
                    .generate()
                    .tokens()
                    .length;
            System.out.println("generated " + tokens + " tokens as a "
                    + (Model.class.getModule().isNamed() ? "module" : "jar"));
        } catch (ChakuException e) {
            System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
            System.exit(1);
        }
    }
}
