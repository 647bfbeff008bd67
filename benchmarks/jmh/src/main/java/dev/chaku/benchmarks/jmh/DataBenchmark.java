package dev.chaku.benchmarks.jmh;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.data.PackedRow;
import dev.chaku.data.Packer;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Conversations from a file to rows of tokens with masks. The counter counts megabytes of the messages' contents. */
@State(Scope.Thread)
public class DataBenchmark {
    private static final int ROW_TOKENS = 2048;

    private Path file;
    private double megabytesOfText;
    private Dataset data;
    private ExampleEncoder encoder;
    private Packer packer;

    /** Megabytes of text that went through. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Megabytes {
        public double megabytes;
    }

    /** Writes the file. */
    @Setup
    public void prepare() throws IOException {
        file = Files.createTempFile("chaku-jmh", ".jsonl");
        megabytesOfText = Conversations.write(file, GeneratedText.MEGABYTE) / 1e6;
        data = Dataset.read(file);
        Tokenizer tokenizer = Vocabularies.tokenizer("bpe");
        ChatRenderer chat = ChatRenderer.of(ChatTemplate.named("chatml", "", "<|im_end|>"));
        encoder = new ExampleEncoder(tokenizer, chat, new ExampleEncoder.Options(ROW_TOKENS, OverLong.TRUNCATE, false));
        packer = new Packer(ROW_TOKENS, true, 1);
    }

    /** Deletes it. */
    @TearDown
    public void delete() throws IOException {
        Files.delete(file);
    }

    /** JSON lines to conversations. */
    @Benchmark
    public Dataset readJsonLines(Megabytes counter) {
        counter.megabytes += megabytesOfText;
        return Dataset.read(file);
    }

    /** Conversations to rows: template, tokens, assistant mask, packing. */
    @Benchmark
    public List<PackedRow> tokenizeMaskPack(Megabytes counter) {
        counter.megabytes += megabytesOfText;
        return packer.pack(encoder.encode(data.examples()));
    }
}
