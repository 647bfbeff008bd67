package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Examples to tokens and weights. What is trained: of a prompt with completion, the completion and the end-of-text
 * token; of a text, all of it; of a conversation, the assistant's turns with their end-of-turn token but without role
 * headers.
 *
 * <p>Of a preference pair the better answer is trained, and of labelled answers those that are wanted.
 *
 * <p>A conversation's turns are found by rendering: what the template adds between the text with a generation prompt
 * and the text with the turn in it is the turn. Where a template rewrites earlier turns, so that one rendering is no
 * beginning of the next, each of those becomes a sequence of its own, the conversation up to it, as the model sees it
 * when it answers there; such conversations are counted in {@link Counts#turnsApart}. Prompt and answer are tokenized
 * apart, as they are when the model answers.
 *
 * <p>What is trained ends in a token that ends generation: the end-of-text token is added where neither the text nor
 * the template writes one that the vocabulary has.
 *
 * <p>Thread-safe but for the counts, which belong to one thread.
 */
public final class ExampleEncoder {
    /**
     * How examples are encoded.
     *
     * @param maxLength longest sequence, in tokens
     * @param overLong what becomes of longer ones
     * @param wholeText whether every token is trained, prompts and role headers included
     * @param parseSpecial whether special tokens spelled in texts, prompts and completions are read as such, rather
     *     than as the characters they are spelled with; what messages of conversations spell is always text
     */
    public record Options(int maxLength, OverLong overLong, boolean wholeText, boolean parseSpecial) {
        /**
         * Reads special tokens as such.
         *
         * @param maxLength tokens of the longest sequence
         * @param overLong what becomes of longer ones
         * @param wholeText whether prompts are trained on too
         */
        public Options(int maxLength, OverLong overLong, boolean wholeText) {
            this(maxLength, overLong, wholeText, true);
        }
    }

    /** What became of the examples so far. */
    public static final class Counts {
        private int truncated;
        private int split;
        private int dropped;
        private int turnsApart;
        private int unwanted;
        private int conversations;
        private long cutTokens;
        private int endsAdded;
        private int withoutEnd;
        private int unrendered;
        private String firstUnrendered = "";
        private String lastUnrendered = "";

        private Counts() {}

        void add(Counts other) {
            truncated += other.truncated;
            split += other.split;
            dropped += other.dropped;
            turnsApart += other.turnsApart;
            unwanted += other.unwanted;
            conversations += other.conversations;
            cutTokens += other.cutTokens;
            endsAdded += other.endsAdded;
            withoutEnd += other.withoutEnd;
            unrendered += other.unrendered;
            firstUnrendered = firstUnrendered.isEmpty() ? other.firstUnrendered : firstUnrendered;
            lastUnrendered = other.lastUnrendered.isEmpty() ? lastUnrendered : other.lastUnrendered;
        }

        /** {@return the number of examples that were cut to the maximum length} */
        public int truncated() {
            return truncated;
        }

        /** {@return the number of examples that became several sequences} */
        public int split() {
            return split;
        }

        /** {@return the number of examples that were left out} */
        public int dropped() {
            return dropped;
        }

        /** {@return examples that a chat template rendered} */
        public int conversations() {
            return conversations;
        }

        /** {@return tokens past the longest length, of examples that were truncated} */
        public long cutTokens() {
            return cutTokens;
        }

        /** {@return answers labelled as not wanted, which are left out} */
        public int unwanted() {
            return unwanted;
        }

        /**
         * {@return conversations of which turns became sequences of their own, because the template rewrites earlier
         * turns}
         */
        public int turnsApart() {
            return turnsApart;
        }

        /**
         * {@return conversations that got an end-of-text token, because their template writes no end that the
         * vocabulary has}
         */
        public int endsAdded() {
            return endsAdded;
        }

        /** {@return answers after which no token that ends generation is trained} */
        public int withoutEnd() {
            return withoutEnd;
        }

        /**
         * {@return conversations of which the template leaves out text: reasoning mostly, which is then trained
         * nowhere}
         */
        public int unrendered() {
            return unrendered;
        }

        /**
         * {@return where the first of them stands and what is left out: {@code file:line: reasoning_content: …}; empty
         * for none}
         */
        public String firstUnrendered() {
            return firstUnrendered;
        }

        /** {@return the same of the last} */
        public String lastUnrendered() {
            return lastUnrendered;
        }

        private void addUnrendered(String what) {
            unrendered++;
            firstUnrendered = firstUnrendered.isEmpty() ? what : firstUnrendered;
            lastUnrendered = what;
        }
    }

    private final Tokenizer tokenizer;
    private final @Nullable ChatRenderer chat;
    private final Options options;
    private final PromptEncoder prompts;
    private final TurnEnds ends;
    private final Counts counts = new Counts();

    /**
     * @param tokenizer of the model that the data are for
     * @param chat the model's chat template, or null if it has none: conversations are then an error
     * @param options the settings, see there for the defaults
     */
    public ExampleEncoder(Tokenizer tokenizer, @Nullable ChatRenderer chat, Options options) {
        this(tokenizer, chat, options, new PromptEncoder(tokenizer));
    }

    private ExampleEncoder(Tokenizer tokenizer, @Nullable ChatRenderer chat, Options options, PromptEncoder prompts) {
        this.tokenizer = tokenizer;
        this.chat = chat;
        this.options = Objects.requireNonNull(options, "options");
        this.prompts = prompts;
        this.ends = new TurnEnds(tokenizer);
    }

    /** An encoder that does the same and counts from nothing. */
    ExampleEncoder another() {
        return new ExampleEncoder(tokenizer, chat, options, prompts);
    }

    /** {@return what became of over-long examples so far} */
    public Counts counts() {
        return counts;
    }

    /**
     * Encodes examples, in order.
     *
     * @param examples in their order
     * @return the sequences, in order
     * @throws BadInputException if one has nothing to train, is too long under {@link OverLong#ERROR}, or is a
     *     conversation and there is no template
     */
    public List<EncodedExample> encode(List<Example> examples) {
        List<EncodedExample> encoded = new ArrayList<>(examples.size());
        for (Example example : examples) {
            encode(example, encoded);
        }
        return encoded;
    }

    /**
     * Encodes examples on threads of its own, a bounded number ahead of the caller, who is given the sequences in
     * order: the same as by {@link #encode(List)}, without holding them all.
     *
     * @param examples read on these threads, as is a chat renderer's text rendered
     * @param into takes each sequence, in order
     * @throws BadInputException as {@link #encode(List)}, of the first that is wrong
     * @throws dev.chaku.errors.OperationCancelledException if this thread is interrupted
     */
    public void encodeAhead(List<Example> examples, Consumer<EncodedExample> into) {
        new AheadEncoder<Example, EncodedExample>(this, examples, ExampleEncoder::encode).run(into);
    }

    /**
     * A preference pair as the losses over pairs take it.
     *
     * @param chosen the prompt with the better answer, which alone has weights, and with the worse
     */
    public record EncodedPair(EncodedExample chosen, EncodedExample rejected) {}

    /**
     * Encodes a preference pair; nothing where an answer is too long and the policy leaves it out.
     *
     * @param pair a prompt with a better and a worse answer
     * @return the pair; empty where it is left out
     * @throws BadInputException as {@link #encode(List)}, or if pairs are to be split, which makes no pairs
     */
    public Optional<EncodedPair> encodePair(Example.Preference pair) {
        if (options.overLong() == OverLong.SPLIT) {
            throw new BadInputException("a preference pair cannot be split; choose error, truncate or drop");
        }
        List<EncodedExample> chosen = new ArrayList<>();
        List<EncodedExample> rejected = new ArrayList<>();
        encodeChat(pair.chosenChat(), chosen);
        encodeChat(pair.rejectedChat(), rejected);
        return chosen.isEmpty() || rejected.isEmpty()
                ? Optional.empty()
                : Optional.of(new EncodedPair(chosen.get(chosen.size() - 1), rejected.get(rejected.size() - 1)));
    }

    /**
     * Encodes preference pairs as {@link #encodeAhead} does examples.
     *
     * @param pairs read on threads of their own
     * @param into takes the pairs that are not left out, in order, with the places of what they were made of
     * @throws BadInputException as {@link #encodePair}, of the first that is wrong
     * @throws dev.chaku.errors.OperationCancelledException if this thread is interrupted
     */
    public void encodePairsAhead(List<Example.Preference> pairs, ObjIntConsumer<EncodedPair> into) {
        new AheadEncoder<Example.Preference, Optional<EncodedPair>>(
                        this, pairs, (encoder, pair, out) -> out.add(encoder.encodePair(pair)))
                .run(new Consumer<>() {
                    private int at;

                    @Override
                    public void accept(Optional<EncodedPair> pair) {
                        int place = at++;
                        pair.ifPresent(found -> into.accept(found, place));
                    }
                });
    }

    void encode(Example example, List<EncodedExample> into) {
        if (example instanceof Example.Chat conversation) {
            encodeChat(conversation, into);
        } else if (example instanceof Example.Preference pair) {
            encodeChat(pair.chosenChat(), into);
        } else if (example instanceof Example.Labelled labelled) {
            if (labelled.wanted()) {
                encodeChat(labelled.chat(), into);
            } else {
                counts.unwanted++;
            }
        } else {
            TokenRun run = new TokenRun();
            if (example instanceof Example.Text text) {
                run.add(tokenizer.encodePrompt(text.text(), options.parseSpecial()), 1);
                counts.withoutEnd += ends.endText(run, 0).missing();
            } else if (example instanceof Example.PromptCompletion pair) {
                addPair(pair, run);
            } else if (example instanceof Example.Tokens tokens) {
                addTokens(tokens, run);
            }
            fit(example, run, into);
        }
    }

    private void addPair(Example.PromptCompletion pair, TokenRun run) {
        run.add(tokenizer.encodePrompt(pair.prompt(), options.parseSpecial()), options.wholeText() ? 1 : 0);
        int from = run.size();
        int[] completion = prompts.continuation(pair.completion(), run, options.parseSpecial());
        // After no prompt the text begins with the completion, which may spell the begin-of-text token itself.
        boolean begun = from == 1 && completion.length > 0 && completion[0] == run.last() && isBos(run.last());
        run.add(begun ? Arrays.copyOfRange(completion, 1, completion.length) : completion, 1);
        counts.withoutEnd += ends.endText(run, from).missing();
    }

    private boolean isBos(int token) {
        return tokenizer.bos().isPresent() && tokenizer.bos().getAsInt() == token;
    }

    private void addTokens(Example.Tokens tokens, TokenRun run) {
        for (int i = 0; i < tokens.ids().size(); i++) {
            int id = tokens.ids().get(i);
            if (id < 0 || id >= tokenizer.vocabSize()) {
                throw new BadInputException(tokens.source() + ": expected token ids below " + tokenizer.vocabSize()
                        + ", found " + id + "; the data were made for another vocabulary");
            }
            run.add(new int[] {id}, options.wholeText() ? 1 : tokens.weights().get(i));
        }
    }

    private void encodeChat(Example.Chat example, List<EncodedExample> into) {
        if (chat == null) {
            throw new BadInputException(example.source()
                    + ": a conversation expects a chat template, and the model has none; name one with "
                    + "Trainer.chat, or write the data as prompt and completion");
        }
        counts.conversations++;
        ChatMask mask = new ChatMask(chat, prompts.special());
        ChatMask.Cut cut = mask.cut(example);
        boolean trained = options.wholeText() || cut.segments().stream().anyMatch(segment -> segment.weight() > 0);
        if (trained) {
            fit(example, run(cut), into);
        } else if (cut.missed().isEmpty()) {
            throw nothingTrained(example);
        }
        Optional<String> unrendered = UnrenderedText.first(cut, true);
        counts.turnsApart += cut.missed().isEmpty() ? 0 : 1;
        for (int turn : cut.missed()) {
            ChatMask.Cut alone = mask.cut(upTo(example, turn));
            if (alone.turns() == 0) {
                throw new BadInputException(example.source()
                        + ": the chat template does not let the assistant's turns be told from the rest: the text "
                        + "with a generation prompt is no beginning of the text with the turn");
            }
            unrendered = unrendered.or(() -> UnrenderedText.first(alone, false));
            fit(example, run(alone), into);
        }
        unrendered.ifPresent(what -> counts.addUnrendered(example.source() + ": " + what));
    }

    /** The conversation up to a turn, which alone counts. */
    private static Example.Chat upTo(Example.Chat example, int turn) {
        List<Float> weights = new ArrayList<>(Collections.nCopies(turn, 0f));
        weights.add(example.weights().get(turn));
        return new Example.Chat(example.source(), example.messages().subList(0, turn + 1), weights, example.tools());
    }

    private TokenRun run(ChatMask.Cut cut) {
        TokenRun run = new TokenRun();
        List<TurnEnds.Turn> turns = new ArrayList<>();
        for (ChatMask.Segment segment : cut.segments()) {
            int from = run.size();
            float weight = options.wholeText() ? 1 : segment.weight();
            prompts.add(cut.marked(), segment.text(), weight, run);
            if (segment.weight() > 0) {
                turns.add(new TurnEnds.Turn(from, run.size(), weight));
            }
        }
        TurnEnds.Ends found = ends.endTurns(run, turns);
        counts.endsAdded += found.added() ? 1 : 0;
        counts.withoutEnd += found.missing();
        return run;
    }

    private static BadInputException nothingTrained(Example example) {
        return new BadInputException(example.source()
                + ": nothing in this example is trained: its completion or its assistant's turns are empty or "
                + "have the weight 0");
    }

    private void fit(Example example, TokenRun run, List<EncodedExample> into) {
        int max = options.maxLength();
        if (run.size() > max) {
            switch (options.overLong()) {
                case ERROR ->
                    throw new BadInputException(example.source() + ": expected at most " + max + " tokens, found "
                            + run.size() + "; raise TrainingConfig.maxLength, or choose truncate, split or drop");
                case DROP -> {
                    counts.dropped++;
                    return;
                }
                case TRUNCATE -> {
                    counts.truncated++;
                    counts.cutTokens += run.size() - max;
                    EncodedExample head = run.slice(0, max);
                    if (head.weight() > 0) {
                        into.add(head);
                    } else {
                        counts.dropped++;
                    }
                    return;
                }
                case SPLIT -> {
                    counts.split++;
                    for (int from = 0; from + 1 < run.size(); from += max) {
                        EncodedExample piece = run.slice(from, Math.min(run.size(), from + max));
                        if (piece.weight() > 0) {
                            into.add(piece);
                        }
                    }
                    return;
                }
            }
        }
        EncodedExample encoded = run.size() < 2 ? null : run.slice(0, run.size());
        if (encoded == null || !(encoded.weight() > 0)) {
            throw nothingTrained(example);
        }
        into.add(encoded);
    }
}
