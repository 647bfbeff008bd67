package dev.chaku.data.doctor;

import dev.chaku.data.EncodedExample;
import dev.chaku.data.Example;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.errors.BadInputException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Lengths in tokens, what of them is trained, and what that means. */
final class TokenMeasure implements Check {
    private static final int BYTES_PER_TOKEN = 4;
    private static final double LITTLE = 0.02;

    private final DataDoctor.Request request;
    private final @Nullable ExampleEncoder encoder;
    private final ContentMeasure content = new ContentMeasure();
    private final IntSeries lengths = new IntSeries();
    private final FindingBuilder silent = new FindingBuilder("nothing-trained", Severity.ERROR);
    private final FindingBuilder longer = new FindingBuilder("too-long", Severity.WARNING);
    private final FindingBuilder noTemplate = new FindingBuilder("no-chat-template", Severity.ERROR);
    private final FindingBuilder ended = new FindingBuilder("end-added", Severity.NOTE);
    private final FindingBuilder endless = new FindingBuilder("no-end", Severity.WARNING);
    private final FindingBuilder unrendered = new FindingBuilder("left-out-by-template", Severity.WARNING);
    private boolean measured;
    private int examples;
    private long characters;
    private long tokens;
    private long trained;

    TokenMeasure(DataDoctor.Request request) {
        this.request = request;
        this.measured = request.tokenizer() != null;
        this.encoder = request.tokenizer() == null
                ? null
                : new ExampleEncoder(
                        request.tokenizer(),
                        request.chat(),
                        new ExampleEncoder.Options(Integer.MAX_VALUE, OverLong.ERROR, false, request.parseSpecial()));
    }

    @Override
    public void see(Sample sample) {
        examples++;
        characters += sample.characters();
        long tokensBefore = tokens;
        long trainedBefore = trained;
        if (encoder != null && (request.chat() != null || !needsTemplate(sample))) {
            measure(encoder, sample);
        } else {
            measured = false;
            if (encoder != null) {
                noTemplate.at(sample.source(), "");
            }
            int length = estimate(sample);
            add(sample, length);
            trained += length;
        }
        content.see(sample, tokens - tokensBefore, trained - trainedBefore);
    }

    private void measure(ExampleEncoder exact, Sample sample) {
        int added = exact.counts().endsAdded();
        int without = exact.counts().withoutEnd();
        int left = exact.counts().unrendered();
        try {
            for (EncodedExample sequence : exact.encode(List.of(sample.example()))) {
                add(sample, sequence.length());
                for (float weight : sequence.weights()) {
                    trained += weight > 0 ? 1 : 0;
                }
            }
        } catch (BadInputException e) {
            silent.at(sample.source(), e.getMessage().replace(sample.source() + ": ", ""));
        }
        if (exact.counts().endsAdded() > added) {
            ended.at(sample.source(), "");
        }
        if (exact.counts().unrendered() > left) {
            unrendered.at(sample.source(), exact.counts().lastUnrendered().replace(sample.source() + ": ", ""));
        }
        if (exact.counts().withoutEnd() > without) {
            endless.at(sample.source(), "");
        }
    }

    private void add(Sample sample, int length) {
        lengths.add(length);
        tokens += length;
        if (length > request.maxLength()) {
            longer.at(sample.source(), length + " tokens");
        }
    }

    DataStats stats() {
        int[] sorted = lengths.sorted();
        int rows = RowCount.of(sorted, request.maxLength());
        return new DataStats(
                examples,
                content.kinds(),
                characters,
                measured,
                tokens,
                trained,
                sorted,
                rows,
                request.maxLength(),
                content.content());
    }

    @Override
    public void tell(List<Finding> findings) {
        silent.into(
                findings,
                "Examples of which nothing can be trained",
                "Training stops at such an example and names it.",
                "Mend the example, or leave it out.");
        noTemplate.into(
                findings,
                "Conversations, and the model has no chat template",
                "Training needs one to write them as text; lengths are estimated without it.",
                "Name one with Trainer.chat, or write the data as prompt and completion.");
        unrendered.into(
                findings,
                "Text that the chat template leaves out",
                "It is trained nowhere: the model does not learn the reasoning, answer or call that stands there.",
                "Choose a chat template that writes it, or write it into the content in the form that the template wants.");
        endless.into(
                findings,
                "Answers that end in no token which ends generation",
                "The trained model may not stop there: nothing tells it that the answer is over.",
                "Choose a chat template whose end of a turn is a token of the model, or write the end into the data.");
        ended.into(
                findings,
                "Conversations that get the end-of-text token",
                "What the chat template writes after an answer is no token that ends one, so the end-of-text token is trained there.",
                "Nothing, or choose a chat template whose end of a turn is a token of the model.");
        longer.into(
                findings,
                "Examples of more than " + request.maxLength() + " tokens" + (measured ? "" : " (estimated)"),
                "They are an error, or lose their end, their context or all, as the over-long policy says.",
                "Shorten them, raise the longest length, or choose truncate, split or drop.");
        if (measured && tokens > 0 && trained < LITTLE * tokens) {
            findings.add(new Finding(
                    "little-trained",
                    Severity.NOTE,
                    examples,
                    String.format(Locale.ROOT, "Only %.1f %% of the tokens are trained", 100.0 * trained / tokens),
                    "Most of the time goes into reading prompts.",
                    "Shorten the prompts, if they are the same in use.",
                    List.of()));
        }
    }

    private static boolean needsTemplate(Sample sample) {
        Example example = sample.example();
        return !(example instanceof Example.Text
                || example instanceof Example.PromptCompletion
                || example instanceof Example.Tokens);
    }

    private static int estimate(Sample sample) {
        return sample.example() instanceof Example.Tokens known
                ? known.ids().size()
                : Math.max(2, 1 + sample.text().getBytes(StandardCharsets.UTF_8).length / BYTES_PER_TOKEN);
    }
}
