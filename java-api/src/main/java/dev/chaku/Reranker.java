package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.internal.engine.EngineEncoder.Text;
import dev.chaku.internal.engine.VectorOptions;
import dev.chaku.internal.model.LoadedModel;
import dev.chaku.internal.model.TextEncoder;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Says how likely documents answer a query, reading both together: an encoder with a head that ranks, or a model that
 * generates and was trained to answer yes or no (Qwen3-Reranker), with such a head or by the probability of the words.
 *
 * <p>Settings stay from call to call. Not thread-safe; a model may have any number of rerankers at work at once.
 * {@link #close} gives memory back, which is taken again with the next query. An interrupt of the thread ends a
 * computation with OperationCancelledException.
 */
public final class Reranker implements AutoCloseable {
    private static final String TEMPLATE = "tokenizer.chat_template.rerank";
    private static final String USUAL_INSTRUCTION =
            "Given a web search query, retrieve relevant passages that answer the query";

    /** As Qwen3-Reranker was trained. */
    private static final String YES_OR_NO =
            "<|im_start|>system\nJudge whether the Document meets the requirements based"
                    + " on the Query and the Instruct provided. Note that the answer can only be \"yes\" or"
                    + " \"no\".<|im_end|>\n<|im_start|>user\n<Instruct>: {instruction}\n<Query>: {query}\n<Document>:"
                    + " {document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

    private final Model opened;
    private final LoadedModel model;
    private final TextEncoder encoder;
    private final boolean ranks;
    private String instruction = USUAL_INSTRUCTION;
    private boolean truncates;

    Reranker(Model opened) {
        this.opened = opened;
        this.model = opened.loaded();
        VectorOptions vectors = model.spec().vectors();
        this.ranks = vectors.ranks();
        int labels = vectors.headWidth();
        int expected = model.spec().isEncoder() ? 1 : 2;
        String source = model.metadata().source();
        if (ranks && labels != expected) {
            throw new BadInputException(source + ": expected a head of "
                    + (expected == 1 ? "one score" : "two scores, of yes and of no") + ", found one of " + labels);
        }
        if (!ranks && (model.spec().isEncoder() || template().isEmpty())) {
            throw new BadInputException(source + ": expected a model that ranks: a head (pooling_type 4), or one of the"
                    + " family qwen3 that answers yes or no, found "
                    + model.spec().architecture() + " without");
        }
        this.encoder = new TextEncoder(model, opened.options().memoryLimitBytes());
    }

    /**
     * What the task is, for models that answer yes or no; a search on the web unless set. Encoders read none.
     *
     * @param text one line
     * @return this
     * @throws BadInputException if the model reads none
     */
    public Reranker instruction(String text) {
        if (model.spec().isEncoder()) {
            throw new BadInputException("instruction: expected none for an encoder, found " + text);
        }
        instruction = Objects.requireNonNull(text, "instruction");
        return this;
    }

    /**
     * Whether documents that are too long beside their query are cut at the end; unless set they are refused.
     *
     * @param on true to cut
     * @return this
     */
    public Reranker truncates(boolean on) {
        truncates = on;
        return this;
    }

    /**
     * {@return how likely each document answers the query, in [0, 1], in their order}
     *
     * @param query what is asked
     * @param documents what may answer it
     * @throws BadInputException names the first document that is too long beside the query
     */
    public double[] scores(String query, List<String> documents) {
        if (!ranks) {
            double[] scores = new double[documents.size()];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = sayYes(prompt(query, documents.get(i), what(i, scores.length)));
            }
            return scores;
        }
        boolean pairs = model.spec().isEncoder();
        List<Text> texts = new ArrayList<>();
        for (int i = 0; i < documents.size(); i++) {
            String what = what(i, documents.size());
            if (pairs) {
                texts.add(pair(query, documents.get(i), what));
            } else {
                int[] prompt = prompt(query, documents.get(i), what);
                texts.add(new Text(prompt, prompt.length));
            }
        }
        return encoder.rows(texts, model.spec().vectors().pooling(), true).stream()
                .mapToDouble(row -> pairs ? sigmoid(row[0]) : sigmoid((double) row[yes()] - row[1 - yes()]))
                .toArray();
    }

    /**
     * {@return the documents' places by their scores, the likeliest first; of equal ones the first given}
     *
     * @param query what is asked
     * @param documents what may answer it
     */
    public List<Ranked> rank(String query, List<String> documents) {
        double[] scores = scores(query, documents);
        return IntStream.range(0, scores.length)
                .mapToObj(i -> new Ranked(i, scores[i]))
                .sorted(Comparator.comparingDouble(Ranked::score).reversed())
                .toList();
    }

    private static String what(int index, int count) {
        return "document " + (index + 1) + " of " + count;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** Query and document with what the tokenizer puts around each; the second type begins with the document. */
    private Text pair(String query, String document, String what) {
        Tokenizer tokenizer = model.tokenizer();
        int[] first = tokenizer.encode(query, true, false);
        int[] second = tokenizer.encode(document, false, false);
        int separator = first[first.length - 1];
        if (separatesTwice()) {
            first = Arrays.copyOf(first, first.length + 1);
            first[first.length - 1] = separator;
        }
        int[] both = Arrays.copyOf(first, first.length + second.length + 1);
        System.arraycopy(second, 0, both, first.length, second.length);
        both[both.length - 1] = separator;
        if (first.length + 1 >= model.spec().contextLength()) {
            throw new BadInputException("query: expected fewer than "
                    + (model.spec().contextLength() - 1) + " tokens, found " + first.length);
        }
        int[] fitting = TextEncoder.fit(both, model.spec().contextLength(), truncates, what + ", with its query");
        return new Text(fitting, model.spec().tokenTypes() > 1 ? first.length : fitting.length);
    }

    /** Whether two tokens stand between the texts, as in XLM-RoBERTa. */
    private boolean separatesTwice() {
        return model.metadata()
                .findBool("tokenizer.ggml.add_sep_token")
                .orElse(model.metadata()
                        .findString("tokenizer.ggml.model")
                        .orElse("")
                        .equals("t5"));
    }

    private String template() {
        return model.metadata()
                .findString(TEMPLATE)
                .orElse(model.spec().architecture().equals("qwen3") ? YES_OR_NO : "");
    }

    /**
     * Special tokens before and behind what the template says of the texts are read as such; those that query and
     * document spell are characters.
     */
    private int[] prompt(String query, String document, String what) {
        String template = template();
        int before = template.lastIndexOf("|>", template.indexOf('{'));
        int first = before < 0 ? 0 : before + 2;
        int last = Math.max(template.indexOf("<|", template.lastIndexOf('}')), template.lastIndexOf('}') + 1);
        Tokenizer tokenizer = model.tokenizer();
        int[] head = tokenizer.encodePrompt(template.substring(0, first), true);
        int[] tail = tokenizer.encode(template.substring(last), false, true);
        String text = Pattern.compile("\\{(instruction|query|document)\\}")
                .matcher(template.substring(first, last))
                .replaceAll(found -> Matcher.quoteReplacement(
                        switch (found.group(1)) {
                            case "instruction" -> instruction;
                            case "query" -> query;
                            default -> document;
                        }));
        int[] middle = tokenizer.encode(text, false, false);
        int most = model.spec().contextLength() - head.length - tail.length;
        int[] fitting = middle.length <= most ? middle : cut(middle, most, what);
        return Stream.of(head, fitting, tail).flatMapToInt(Arrays::stream).toArray();
    }

    /** Cut at the end, where the document is. */
    private int[] cut(int[] tokens, int most, String what) {
        if (!truncates || most < 1) {
            throw new BadInputException(what + ", with its query: expected at most " + Math.max(0, most)
                    + " tokens, found " + tokens.length + "; cut it, or truncate");
        }
        return Arrays.copyOf(tokens, most);
    }

    private double sayYes(int[] prompt) {
        var said = opened.scorer().scoreEach(prompt, List.of("yes", "no"));
        return sigmoid(said.get(0).logprob() - said.get(1).logprob());
    }

    /** Which score of a head of two is that of yes. */
    private int yes() {
        return model.metadata()
                .findStrings(model.spec().architecture() + ".classifier.output_labels")
                .map(GgufArray.Strings::toList)
                .map(labels -> Math.max(0, labels.indexOf("yes")))
                .orElse(0);
    }

    @Override
    public void close() {
        encoder.close();
    }
}
