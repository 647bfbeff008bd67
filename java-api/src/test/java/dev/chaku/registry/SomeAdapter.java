package dev.chaku.registry;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.adapter.merge.MergeOrigin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes adapters of one small product, and folders of trainings as they are left behind. */
public final class SomeAdapter {
    private SomeAdapter() {}

    /** An adapter of rank 1 over 4 inputs and outputs, all of whose values are one. */
    public static Path file(Path file, float value) {
        return file(file, value, GgufWriter.to(file));
    }

    /** One that was merged from others. */
    static Path merged(Path file, List<String> parents, List<String> hashes, float[] weights) {
        return file(
                file,
                1,
                GgufWriter.to(file)
                        .put(MergeOrigin.METHOD, "svd")
                        .put(MergeOrigin.ADAPTERS, GgufArray.Strings.of(parents))
                        .put(MergeOrigin.HASHES, GgufArray.Strings.of(hashes))
                        .put(MergeOrigin.WEIGHTS, GgufArray.Numbers.of(weights)));
    }

    private static Path file(Path file, float value, GgufWriter writer) {
        writer.put("general.type", "adapter")
                .put("general.architecture", "llama")
                .put("general.base_model.0.name", "Tiny")
                .put("adapter.type", "lora")
                .put("adapter.lora.alpha", 1f)
                .put("chaku.base.vocabulary", "c0ffee");
        for (String half : List.of("a", "b")) {
            long[] dims = half.equals("a") ? new long[] {4, 1} : new long[] {1, 4};
            writer.tensor("blk.0.attn_q.weight.lora_" + half, GgmlType.F32, dims, out -> {
                ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < 4; i++) {
                    bytes.putFloat(value);
                }
                out.write(bytes.flip());
            });
        }
        writer.write();
        return file;
    }

    /** The folder of a training that ended with this validation loss. */
    public static Path run(Path folder, float value, double evalLoss) {
        try {
            Files.createDirectories(folder);
            file(folder.resolve("adapter.gguf"), value);
            Files.writeString(folder.resolve("config.json"), """
                    {"base" : "tiny.gguf", "base_name" : "Tiny", "base_license" : "apache-2.0", "base_model_sha256" : "abc",
                     "chaku_version" : "0.1", "architecture" : "llama", "rank" : 1, "learning_rate" : %s, "packing" : true,
                     "examples" : 20, "eval_examples" : 2, "conversations" : 20, "chat_template_sha256" : "def",
                     "training_examples_sha256" : "123", "validation_examples_sha256" : "456"}
                    """.formatted(value / 1000));
            Files.writeString(folder.resolve("result.json"), """
                    {"step":10,"epoch":2.0,"loss":1.5,"smoothed_loss":1.6,"eval_loss":%s,"eval_accuracy":0.5,"tokens":800,
                     "elapsed_s":1.5,"tokens_per_s":533.0,"learning_rate":1.0E-4}
                    """.formatted(evalLoss));
            Files.writeString(folder.resolve("log.jsonl"), "{\"step\":1}\n");
            Files.writeString(folder.resolve("notes.txt"), "mine\n");
            Files.createDirectories(folder.resolve("checkpoint-00000005"));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
