package dev.chaku.cli;

import dev.chaku.data.EncodedExample;
import dev.chaku.data.Example;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.PackedRow;
import dev.chaku.data.Packer;
import dev.chaku.errors.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku data preview}: examples as the model reads them, and which tokens of them are trained. */
@Command(
        name = "preview",
        description = {
            "Shows examples as the model reads them, token by token, and which of the tokens are trained.",
            "On a terminal trained tokens are green, the others dim, special tokens underlined; elsewhere trained text stands in",
            "⟦ ⟧ and special tokens in « »."
        },
        footer = {
            "",
            "Examples:",
            "  chaku data preview train.jsonl --model base.gguf",
            "  chaku data preview train.jsonl --model base.gguf --index 17 --examples 1",
            "  chaku data preview train.jsonl --model base.gguf --seed 3 --examples 5",
            "  chaku data preview train.jsonl --model base.gguf --packed --max-length 512",
            "  chaku data preview train.jsonl --model base.gguf --json        tokens and mask"
        })
final class DataPreviewCommand extends Verb {
    @Mixin
    private DataOptions data;

    @Mixin
    private TextModel.Options model;

    @Mixin
    private EncodingOptions encoding;

    @Option(
            names = {"-n", "--examples"},
            defaultValue = "3",
            paramLabel = "N",
            description = "How many, or how many rows with --packed (${DEFAULT-VALUE}).")
    private int count;

    @Option(names = "--index", paramLabel = "I", description = "The first to show, counted from 1.")
    private Integer index;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Show examples chosen at random; with --packed, the rows of a training with this seed (42).")
    private Long seed;

    @Option(
            names = "--packed",
            description = "Show the rows that training packs them into, with the seams between examples.")
    private boolean packed;

    @Override
    void validate() {
        requireAtLeast(1, "--examples", count);
        if (index != null) {
            requireAtLeast(1, "--index", index);
        }
        if (index != null && seed != null && !packed) {
            throw usage("expected --index or --seed, found both");
        }
    }

    @Override
    void execute() {
        TextModel text = model.read().orElseThrow(() -> usage("expected --model: its tokenizer makes the tokens"));
        ExampleEncoder encoder = encoding.encoder(text);
        List<Example> examples = data.readWhatCanBe(console()).examples();
        if (packed) {
            rows(text, encoder, examples);
        } else {
            examples(text, encoder, examples);
        }
    }

    private void examples(TextModel text, ExampleEncoder encoder, List<Example> examples) {
        List<Map<String, Object>> shown = new ArrayList<>();
        StringBuilder page = new StringBuilder(legend());
        TokenPainter painter = new TokenPainter(console(), text.tokenizer());
        for (int i : chosen(examples.size())) {
            Example example = examples.get(i);
            List<Map<String, Object>> sequences = new ArrayList<>();
            int unrendered = encoder.counts().unrendered();
            List<EncodedExample> encoded = encoder.encode(List.of(example));
            page.append(heading("example " + (i + 1) + " of " + examples.size() + ", " + example.source()));
            for (EncodedExample sequence : encoded) {
                float[] mask = TokenPainter.mask(sequence.weights());
                sequences.add(fields(text.tokenizer(), sequence.tokens(), mask));
                page.append(summary(sequence.tokens().length, mask));
                page.append(painter.paint(sequence.tokens(), mask, 0, mask.length))
                        .append("\n\n");
            }
            if (encoded.isEmpty()) {
                page.append("  left out: longer than --max-length, or an answer that is not wanted\n\n");
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("index", i + 1);
            fields.put("source", example.source());
            fields.put("sequences", sequences);
            if (encoder.counts().unrendered() > unrendered) {
                String what = encoder.counts()
                        .lastUnrendered()
                        .substring(example.source().length() + 2);
                fields.put("unrendered", what);
                page.append("left out by the chat template: ")
                        .append(Excerpt.of(what))
                        .append("\n\n");
            }
            shown.add(fields);
        }
        result(Map.of("examples", shown), () -> console().out().print(page));
    }

    private void rows(TextModel text, ExampleEncoder encoder, List<Example> examples) {
        List<PackedRow> rows =
                new Packer(encoding.maxLength(text), true, seed == null ? 42 : seed).epoch(encoder.encode(examples), 0);
        List<Map<String, Object>> shown = new ArrayList<>();
        StringBuilder page = new StringBuilder(legend());
        TokenPainter painter = new TokenPainter(console(), text.tokenizer());
        int first = first(rows.size());
        for (int i = first; i < Math.min(rows.size(), first + count); i++) {
            PackedRow row = rows.get(i);
            float[] mask = TokenPainter.mask(row.weights());
            Map<String, Object> fields = new LinkedHashMap<>(fields(text.tokenizer(), row.tokens(), mask));
            fields.put("starts", row.starts());
            shown.add(fields);
            page.append(heading("row " + (i + 1) + " of " + rows.size())).append(summary(row.length(), mask));
            for (int s = 0; s + 1 < row.starts().length; s++) {
                String seam = "── sequence " + (s + 1) + ", tokens " + row.starts()[s] + " to "
                        + (row.starts()[s + 1] - 1) + " ──";
                page.append(console().colour(Console.Colour.YELLOW, seam)).append('\n');
                page.append(painter.paint(row.tokens(), mask, row.starts()[s], row.starts()[s + 1]))
                        .append('\n');
            }
            page.append('\n');
        }
        result(Map.of("rows", shown), () -> console().out().print(page));
    }

    private int[] chosen(int n) {
        if (seed != null) {
            return new Random(seed)
                    .ints(0, n)
                    .distinct()
                    .limit(Math.min(count, n))
                    .toArray();
        }
        int first = first(n);
        int[] chosen = new int[Math.min(count, n - first)];
        Arrays.setAll(chosen, i -> first + i);
        return chosen;
    }

    private int first(int n) {
        int first = index == null ? 1 : index;
        if (first < 1 || first > n) {
            throw new BadInputException("--index: expected 1 to " + n + ", found " + first);
        }
        return first - 1;
    }

    private static Map<String, Object> fields(Tokenizer tokenizer, int[] tokens, float[] mask) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("tokens", tokens);
        fields.put("pieces", Arrays.stream(tokens).mapToObj(tokenizer::piece).toList());
        fields.put("mask", mask);
        return fields;
    }

    private String legend() {
        return (console().colours() ? TokenPainter.COLOUR_LEGEND : TokenPainter.LEGEND) + "\n\n";
    }

    private String heading(String title) {
        return console().colour(Console.Colour.BLUE, title) + "\n";
    }

    private static String summary(int tokens, float[] mask) {
        int trained = 0;
        for (float weight : mask) {
            trained += weight > 0 ? 1 : 0;
        }
        return String.format(
                Locale.ROOT,
                "%s, %d of them trained (%.0f %%)%n",
                Words.count(tokens, "token"),
                trained,
                100.0 * trained / tokens);
    }
}
