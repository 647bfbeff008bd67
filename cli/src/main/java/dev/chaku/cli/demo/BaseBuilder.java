package dev.chaku.cli.demo;

import dev.chaku.Model;
import dev.chaku.Trainer;
import dev.chaku.TrainingRun;
import dev.chaku.data.EncodedExample;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.BpeVocabulary;
import dev.chaku.text.Tokenizer;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Makes the demo's base model from nothing: a vocabulary and a small llama, pre-trained on the {@link Corpus} with
 * every weight trainable. The same build and seed give the same file.
 */
public final class BaseBuilder {
    private static final long SEED = 7;
    private static final int CORPUS_PASSES = 4;
    private static final int VOCAB_SIZE = 1280;

    private static final int LAYERS = 4;
    /** The width of the demo's own base, whose rows are too short for blocks of 256. */
    public static final int WIDTH = 128;

    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int CONTEXT = 512;
    private static final double INITIAL_DEVIATION = 0.02;

    private static final String TEMPLATE =
            "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
                    + "{% if add_generation_prompt %}<|assistant|>{% endif %}";

    private BaseBuilder() {}

    /**
     * Builds the model.
     *
     * @param folder for the output and the log; new or empty
     * @param epochs passes over the corpus, which has four variants of every document
     * @param width D; the feed-forward width is three times that
     * @return the model file, {@code model.gguf} in the folder
     */
    public static Path build(Path folder, int epochs, int width, Consumer<TrainingProgress> listener)
            throws IOException {
        Corpus corpus = new Corpus(World.load(), SEED);
        List<String> documents = new ArrayList<>();
        for (int pass = 0; pass < CORPUS_PASSES; pass++) {
            documents.addAll(corpus.documents());
        }
        BpeVocabulary vocabulary = new BpeTrainer(VOCAB_SIZE)
                .bos(Corpus.START)
                .eos(Corpus.END)
                .special(Corpus.USER)
                .special(Corpus.ASSISTANT)
                .special(Corpus.SYSTEM)
                .train(documents);
        Path untrained = Files.createTempFile("chaku-demo-base", ".gguf");
        try {
            writeUntrained(untrained, vocabulary, width);
            return pretrain(untrained, documents, folder, epochs, listener);
        } finally {
            Files.delete(untrained);
        }
    }

    private static Path pretrain(
            Path untrained, List<String> documents, Path folder, int epochs, Consumer<TrainingProgress> listener) {
        TrainingConfig config = TrainingConfig.defaults().with(c -> c.maxLength(1024)
                .epochs(epochs)
                .learningRate(3e-3)
                .betas(0.9, 0.98)
                .warmupSteps(100)
                .weightDecay(0.01)
                .seed(SEED));
        try (Model model = Model.open(untrained)) {
            List<EncodedExample> examples = documents.stream()
                    .map(text -> encode(model.tokenizer(), text))
                    .toList();
            Trainer trainer = Trainer.on(model)
                    .full(GgmlType.Q8_0)
                    .config(config)
                    .examples(examples)
                    .output(folder);
            try (TrainingRun run = trainer.start()) {
                run.onProgress(listener);
                return run.awaitFile();
            }
        }
    }

    /** A whole document, with the end that prose and records lack. */
    private static EncodedExample encode(Tokenizer tokenizer, String document) {
        String text = document.endsWith(Corpus.END) ? document : document + Corpus.END;
        int[] tokens = tokenizer.encode(text, true, true);
        float[] weights = new float[tokens.length];
        Arrays.fill(weights, 0, tokens.length - 1, 1);
        return new EncodedExample(tokens, weights);
    }

    private static void writeUntrained(Path file, BpeVocabulary vocabulary, int width) {
        int ffWidth = 3 * width;
        Random random = new Random(SEED);
        GgufWriter writer = GgufWriter.to(file)
                .overwrite(true)
                .put("general.architecture", "llama")
                .put("general.name", "Chaku demo base")
                .put("general.description", "A tiny model of a hundred things, for chaku demo")
                .put("general.license", "Apache-2.0")
                .put("llama.block_count", LAYERS)
                .put("llama.context_length", CONTEXT)
                .put("llama.embedding_length", width)
                .put("llama.feed_forward_length", ffWidth)
                .put("llama.attention.head_count", HEADS)
                .put("llama.attention.head_count_kv", KV_HEADS)
                .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .put("llama.rope.dimension_count", width / HEADS)
                .put("llama.rope.freq_base", 10000f)
                .put("llama.vocab_size", vocabulary.size())
                .putAll(vocabulary.metadata())
                .put("tokenizer.chat_template", TEMPLATE);
        int kvWidth = width / HEADS * KV_HEADS;
        matrix(writer, "token_embd", vocabulary.size(), width, random);
        norm(writer, "output_norm", width);
        for (int layer = 0; layer < LAYERS; layer++) {
            String prefix = "blk." + layer + ".";
            norm(writer, prefix + "attn_norm", width);
            matrix(writer, prefix + "attn_q", width, width, random);
            matrix(writer, prefix + "attn_k", kvWidth, width, random);
            matrix(writer, prefix + "attn_v", kvWidth, width, random);
            matrix(writer, prefix + "attn_output", width, width, random);
            norm(writer, prefix + "ffn_norm", width);
            matrix(writer, prefix + "ffn_gate", ffWidth, width, random);
            matrix(writer, prefix + "ffn_up", ffWidth, width, random);
            matrix(writer, prefix + "ffn_down", width, ffWidth, random);
        }
        writer.write();
    }

    private static void matrix(GgufWriter writer, String name, int rows, int columns, Random random) {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(rows * columns * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FloatBuffer values = bytes.asFloatBuffer();
        while (values.hasRemaining()) {
            values.put((float) (random.nextGaussian() * INITIAL_DEVIATION));
        }
        writer.tensor(name + ".weight", GgmlType.F32, new long[] {columns, rows}, bytes);
    }

    private static void norm(GgufWriter writer, String name, int width) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(width * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FloatBuffer values = bytes.asFloatBuffer();
        while (values.hasRemaining()) {
            values.put(1f);
        }
        writer.tensor(name + ".weight", GgmlType.F32, new long[] {width}, bytes);
    }
}
