package dev.chaku.data;

import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;

/**
 * What a trainer does with data, from the file to the rows of two epochs, for a JVM of its own with a small heap.
 * Prints a checksum of all rows.
 */
final class LargeData {
    private LargeData() {}

    /** @param args the file, the bytes of it that may be in memory, those of its tokens, and a folder for scratch */
    public static void main(String[] args) throws IOException {
        Dataset.Options options = Dataset.Options.defaults();
        long inMemory = args[1].equals("default") ? options.inMemoryBytes() : Long.parseLong(args[1]);
        Dataset data = Dataset.read(List.of(Path.of(args[0])), options.withInMemoryBytes(inMemory));
        Dataset.Split parts = data.split(0.05, 1);
        Tokenizer tokenizer = new BpeTrainer(280)
                .bos("<s>")
                .eos("<e>")
                .train(List.of("the quick brown fox"))
                .tokenizer();
        ExampleEncoder encoder =
                new ExampleEncoder(tokenizer, null, new ExampleEncoder.Options(512, OverLong.ERROR, false));
        EncodedExamples.Builder builder = EncodedExamples.builder(Long.parseLong(args[2]), Path.of(args[3]));
        encoder.encodeAhead(parts.train(), builder::add);
        EncodedExamples encoded = builder.build();
        CRC32 sum = new CRC32();
        for (int epoch = 0; epoch < 2; epoch++) {
            for (PackedRow row : new Packer(512, true, 4).epoch(encoded, epoch)) {
                for (int token : row.tokens()) {
                    sum.update(token);
                    sum.update(token >>> 8);
                }
            }
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8)
                .println(encoded.size() + " of " + encoded.tokens() + " tokens, " + Long.toHexString(sum.getValue()));
    }
}
