package dev.chaku;

import dev.chaku.chat.JavaSchema;
import dev.chaku.data.ChatRenderer;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.BusyException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.generate.SamplingOptions;
import dev.chaku.internal.generate.GenerationRequest;
import dev.chaku.internal.generate.grammar.CompiledForm;
import dev.chaku.internal.model.WornAdapters;
import dev.chaku.internal.schedule.Delivery;
import dev.chaku.internal.schedule.Order;
import dev.chaku.internal.schedule.Ticket;
import dev.chaku.text.template.ChatTemplate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a generation, then {@link #generate}. Settings stay from call to call. Not thread-safe, but for
 * {@link #cancel}; a model may have any number of generators at work at once, whose texts are computed together.
 *
 * <p>What a prompt has in common with earlier ones is not computed again, as far as there is room to keep it. That
 * changes neither the text nor a digit of its probabilities: with one build and device they depend on prompt, settings
 * and seed alone, whatever was computed before or is beside, on any number of threads.
 */
public final class Generator {
    private static final int DEFAULT_MAX_TOKENS = 256;

    private final Model model;
    private final WornAdapters adapters;
    private final List<String> stops = new ArrayList<>();
    private int[] prompt = {};
    /** Text that ends the turn of a conversation that is gone on with; empty for none. */
    private String turnEnd = "";

    private int maxTokens = DEFAULT_MAX_TOKENS;
    private SamplingOptions sampling = SamplingOptions.defaults();
    private boolean endless;
    private boolean withLogprobs;
    private int topLogprobs;
    private @Nullable OutputForm form;
    private boolean closesForm;
    private BitSet spelled = new BitSet();
    private Consumer<String> listener = piece -> {};
    private boolean reproducible = true;
    private Speculation speculation = Speculation.none();
    private int priority;
    private String share = "";
    private @Nullable Duration timeLimit;
    private volatile @Nullable Ticket running;

    Generator(Model model) {
        this.model = model;
        this.adapters = new WornAdapters(model.loaded());
    }

    /**
     * The text to go on from. Special tokens written in it ({@code <|im_start|>}) are read as such, and the one that
     * the model wants before a text is added unless the text begins with it.
     *
     * @param text the prompt
     * @return this
     */
    public Generator prompt(String text) {
        return prompt(text, true);
    }

    /**
     * The text to go on from.
     *
     * @param text the prompt
     * @param parseSpecial whether special tokens written in it are read as such, rather than as their characters
     * @return this
     */
    public Generator prompt(String text, boolean parseSpecial) {
        return tokens(model.loaded().prompts().text(text, parseSpecial));
    }

    /**
     * A conversation to go on with, written by the model's own chat template: the assistant's next turn is generated.
     *
     * @param messages each with {@code role} and {@code content}
     * @return this
     * @throws BadInputException if the model has no chat template, it refuses the conversation, or a message has no
     *     role, no content or half a character
     */
    public Generator chat(List<Map<String, Object>> messages) {
        ChatTemplate template = model.chat()
                .orElseThrow(
                        () -> new BadInputException(model + ": expected a model with a chat template, found none"));
        return chat(messages, template);
    }

    /**
     * A conversation, written by a chat template. Where the template ends a turn with text that is no token of the
     * model, generation stops before that text.
     *
     * @param messages each with {@code role} and {@code content}, as chat templates take them
     * @param template writes the conversation as text
     * @return this
     */
    public Generator chat(List<Map<String, Object>> messages, ChatTemplate template) {
        tokens(chatTokens(messages, template));
        turnEnd = model.loaded().prompts().turnEnd(ChatRenderer.of(template));
        return this;
    }

    /**
     * A conversation that may be longer than the context of the model: its oldest turns are left out, each from a
     * user's message to before the next, until there is room for an answer. Messages before the first user's stay, and
     * so does the last turn.
     *
     * @param messages each with {@code role} and {@code content}, as chat templates take them
     * @param template writes the conversation as text
     * @param answerTokens for which there must be room, at least 0
     * @return how many messages were left out
     * @throws BadInputException if the last turn alone is too long
     */
    public int chatWithin(List<Map<String, Object>> messages, ChatTemplate template, int answerTokens) {
        int most = model.contextLength() - answerTokens;
        List<Map<String, Object>> kept = new ArrayList<>(messages);
        int length = chatTokens(kept, template).length;
        while (length > most) {
            int first = userAt(kept, 0);
            int next = first < 0 ? -1 : userAt(kept, first + 1);
            if (next < 0) {
                throw new BadInputException("chat: expected a last turn that leaves room for an answer of "
                        + answerTokens + " tokens in the context of " + model.contextLength() + ", found one of "
                        + length + " tokens");
            }
            kept.subList(first, next).clear();
            length = chatTokens(kept, template).length;
        }
        chat(kept, template);
        return messages.size() - kept.size();
    }

    private static int userAt(List<Map<String, Object>> messages, int from) {
        for (int i = from; i < messages.size(); i++) {
            if ("user".equals(messages.get(i).get("role"))) {
                return i;
            }
        }
        return -1;
    }

    /**
     * {@return the token ids of a conversation that a chat template writes, up to where the assistant's next turn
     * begins} What messages spell is text, special tokens too, as it is in training.
     *
     * @param messages each with {@code role} and {@code content}, as chat templates take them
     * @param template writes the conversation as text
     */
    public int[] chatTokens(List<Map<String, Object>> messages, ChatTemplate template) {
        return model.loaded().prompts().chat(messages, List.of(), ChatRenderer.of(template));
    }

    /** A conversation that was encoded, in whose answer some control tokens are spelled out. */
    Generator conversation(int[] ids, ChatRenderer renderer, BitSet marks) {
        tokens(ids);
        turnEnd = model.loaded().prompts().turnEnd(renderer);
        spelled = marks;
        return this;
    }

    /**
     * The token ids to go on from, as they are.
     *
     * @param ids at least one, in [0, V)
     * @return this
     */
    public Generator tokens(int... ids) {
        this.prompt = ids.clone();
        this.turnEnd = "";
        this.spelled = new BitSet();
        return this;
    }

    /**
     * Wears an adapter as it was trained, see {@link #adapter(Adapter, double)}.
     *
     * @param adapter one that is open, of a model of the same sizes
     * @return this
     */
    public Generator adapter(Adapter adapter) {
        return adapter(adapter, 1);
    }

    /**
     * Wears an adapter, in place of those that this generator wore.
     *
     * @param adapter one that is open, of a model of the same sizes
     * @param scale multiplies what it adds; 1 for as it was trained
     * @return this
     * @throws BadInputException if it was made for another base
     * @throws IllegalStateException if it is closed, or the model is
     */
    public Generator adapter(Adapter adapter, double scale) {
        adapters.set(adapter.loaded(), scale);
        return this;
    }

    /**
     * Wears an adapter as it was trained, beside those that this generator wears, see {@link #addAdapter(Adapter,
     * double)}.
     *
     * @param adapter one that is open, of a model of the same sizes
     * @return this
     */
    public Generator addAdapter(Adapter adapter) {
        return addAdapter(adapter, 1);
    }

    /**
     * Wears an adapter beside those that this generator wears: what they add is summed.
     *
     * @param adapter one that is open, of a model of the same sizes
     * @param scale multiplies what it adds; 1 for as it was trained
     * @return this
     * @throws BadInputException if it was made for another base
     * @throws IllegalStateException if it is closed, or the model is
     */
    public Generator addAdapter(Adapter adapter, double scale) {
        adapters.add(adapter.loaded(), scale);
        return this;
    }

    /**
     * Takes off all adapters.
     *
     * @return this
     */
    public Generator withoutAdapters() {
        adapters.clear();
        return this;
    }

    /**
     * Logits of every position, with the adapters that this generator wears; see {@link Model#logits}.
     *
     * @param ids token ids in [0, vocabSize)
     * @return [T][V]
     */
    public float[][] logits(int... ids) {
        return model.logits(ids, adapters.inTheCore());
    }

    /**
     * Most tokens to generate, at least 0; 256 by default. The context of the model may end the text earlier.
     *
     * @param most at least 0
     * @return this
     */
    public Generator maxTokens(int most) {
        this.maxTokens = most;
        return this;
    }

    /**
     * How tokens are chosen; {@link SamplingOptions#defaults} by default.
     *
     * @param options the settings, see there for the defaults
     * @return this
     */
    public Generator sampling(SamplingOptions options) {
        this.sampling = options;
        return this;
    }

    /**
     * Sets the temperature, 0 for always the most likely token; other sampling options stay.
     *
     * @param value at least 0
     * @return this
     */
    public Generator temperature(double value) {
        return sampling(sampling.withTemperature((float) value));
    }

    /**
     * Sets the seed; other sampling options stay.
     *
     * @param value the same seed gives the same text for the same prompt
     * @return this
     */
    public Generator seed(long value) {
        return sampling(sampling.withSeed(value));
    }

    /**
     * Ends the text before the first of these strings that comes up, in place of those set before.
     *
     * @param strings none of them empty
     * @return this
     */
    public Generator stop(String... strings) {
        stops.clear();
        stops.addAll(List.of(strings));
        return this;
    }

    /**
     * Goes on where the model would end its text; for measurements.
     *
     * @param value whether it goes on; not unless set
     * @return this
     */
    public Generator endless(boolean value) {
        this.endless = value;
        return this;
    }

    /**
     * Tells how likely each token was, and as many of the most likely in its place.
     *
     * @param top in [0, V]
     * @return this
     */
    public Generator logprobs(int top) {
        this.withLogprobs = true;
        this.topLogprobs = top;
        return this;
    }

    /**
     * The form that the text must have, in place of the one set before: a grammar, JSON by a schema, one of some
     * labels. The text ends where its form is whole; {@link Generation#form} says whether it came to that before the
     * number of tokens or a stop string ended it.
     *
     * @param newForm the form
     * @return this
     */
    public Generator form(OutputForm newForm) {
        this.form = Objects.requireNonNull(newForm, "form");
        return this;
    }

    /**
     * Ends a form in the shortest way where the tokens that are left would not suffice otherwise, so that the text is
     * whole whatever {@link #maxTokens} is, if it can be in that many at all. Until then nothing changes; not unless
     * set.
     *
     * @param value whether it does
     * @return this
     */
    public Generator closeForm(boolean value) {
        this.closesForm = value;
        return this;
    }

    /**
     * Lets the text have any form, as it does unless one is set.
     *
     * @return this
     */
    public Generator withoutForm() {
        this.form = null;
        return this;
    }

    /**
     * Gets the text piece by piece, on the thread that called {@link #generate}; nothing that may become a stop string
     * is passed on. What it throws ends the generation and comes out of {@link #generate}.
     *
     * @param newListener called while the text goes on; one that is far behind makes it wait
     * @return this
     */
    public Generator onText(Consumer<String> newListener) {
        this.listener = Objects.requireNonNull(newListener, "listener");
        return this;
    }

    /**
     * Generates a text, beside those of other generators of the model. Blocks until it is complete; {@link #cancel}
     * ends it early with what there is, an interrupt of the thread ends it with an exception. Both are noticed at once
     * where no other text is generated, else between two tokens of the others.
     *
     * @return the text and how it ended
     * @throws BadInputException if there is no prompt, it is longer than the context of the model, or the form is
     *     wrong, not supported or too large
     * @throws BusyException if too many requests wait already
     * @throws ResourceException if memory does not suffice
     * @throws OperationCancelledException if the thread is interrupted; its interrupt status stays set
     * @throws IllegalStateException if the model is closed, or an adapter that is worn
     */
    public Generation generate() {
        Ticket ticket = ask(true);
        running = ticket;
        boolean done = false;
        try {
            for (String piece = ticket.next(); piece != null; piece = ticket.next()) {
                listener.accept(piece);
            }
            done = true;
            return ticket.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException("the generation was interrupted");
        } finally {
            running = null;
            if (!done) {
                ticket.cancel();
                ticket.awaitEnd();
            }
        }
    }

    /**
     * Has a text generated beside others, and returns at once. The settings are taken as they are now; this generator
     * may be changed and used again. Cancelling the future, or letting it time out, ends the generation soon. What
     * {@link #onText} was told gets the text piece by piece, in order, on threads of the common pool.
     *
     * @return completed with the text and how it ended, or with what {@link #generate} would throw
     * @throws BadInputException as {@link #generate}
     * @throws BusyException if too many requests wait already
     */
    public CompletableFuture<Generation> generateAsync() {
        return generateAsync(ForkJoinPool.commonPool());
    }

    /**
     * Has a text generated beside others, see {@link #generateAsync()}.
     *
     * @param callbacks runs what {@link #onText} was told, and what depends on the future
     * @return completed with the text and how it ended, or with what {@link #generate} would throw
     */
    public CompletableFuture<Generation> generateAsync(Executor callbacks) {
        Objects.requireNonNull(callbacks, "callbacks");
        CompletableFuture<Generation> future = new CompletableFuture<>();
        Ticket ticket = ask(true);
        future.whenComplete((generation, failure) -> {
            if (failure != null) {
                ticket.cancel();
            }
        });
        new Delivery(ticket, callbacks, listener, future).begin();
        return future;
    }

    /**
     * Has a text generated beside others, and returns at once what gives it piece by piece as it comes. The settings
     * are taken as they are now; this generator may be changed and used again. A reader that falls far behind makes the
     * generation wait.
     *
     * @return to be closed, which ends the generation if it has not ended
     * @throws BadInputException as {@link #generate}
     * @throws BusyException if too many requests wait already
     */
    public GenerationStream stream() {
        return new GenerationStream(ask(true));
    }

    /**
     * Whether the text depends on prompt, settings and seed alone. Where it need not, a prompt may go on from what was
     * generated for an earlier one, as the next turn of a conversation does; the digits of such a beginning are those
     * of generated tokens, which may differ in the last places from those of tokens that are read.
     *
     * @param on true unless set
     * @return this
     */
    public Generator reproducible(boolean on) {
        this.reproducible = on;
        return this;
    }

    /**
     * Drafts tokens and verifies several in one step, which changes none; {@link Generation#draftedTokens} says how
     * many.
     *
     * @param how {@link Speculation#none} unless set
     * @return this
     * @throws BadInputException if a model that drafts has another vocabulary; names the first token that differs
     */
    public Generator speculation(Speculation how) {
        how.requireVocabularyOf(model);
        this.speculation = how;
        return this;
    }

    /**
     * Generations of higher priority begin before others that wait, and go on where memory is short.
     *
     * @param value 0 by default
     * @return this
     */
    public Generator priority(int value) {
        this.priority = value;
        return this;
    }

    /**
     * On whose behalf texts are generated: those that wait are begun so that each name gets as many tokens as another.
     *
     * @param name any; empty by default
     * @return this
     */
    public Generator share(String name) {
        this.share = Objects.requireNonNull(name, "name");
        return this;
    }

    /**
     * How long a generation may take, waiting included; then it ends with what there is and says
     * {@link dev.chaku.generate.FinishReason#DEADLINE}.
     *
     * @param time more than 0; as long as it takes unless set
     * @return this
     */
    public Generator timeLimit(Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw BadInputException.ofSetting("time limit", "more than 0", time);
        }
        this.timeLimit = time;
        return this;
    }

    private Ticket ask(boolean streams) {
        model.loaded().requireOpen();
        GenerationRequest request = new GenerationRequest(
                prompt.clone(),
                maxTokens,
                sampling,
                allStops(),
                endless,
                withLogprobs,
                topLogprobs,
                compiledForm(),
                closesForm,
                spelled,
                piece -> {});
        model.loaded().requireLength(prompt.length);
        Duration time = timeLimit;
        long deadline = time == null ? Order.NEVER : System.nanoTime() + time.toNanos();
        Order order = new Order(adapters.inTheCore(), priority, share, deadline);
        return model.loaded()
                .scheduler()
                .submit(
                        request,
                        order,
                        model.loaded().tokenizerOrNull(),
                        streams,
                        reproducible,
                        speculation.drafting());
    }

    /**
     * Generates a value of a type of Java: JSON by its schema, see {@link JavaSchema}, and the value that it says. The
     * form that is set is not asked for this time. The model sees no schema but what the prompt tells it.
     *
     * @param type a record, or a sealed interface of records
     * @param <T> the type
     * @return the value
     * @throws BadInputException as {@link #generate()}, or if {@link #maxTokens} ended the JSON before it was whole, or
     *     the record refuses it
     */
    public <T> T generate(Class<T> type) {
        OutputForm before = form;
        form = OutputForm.jsonSchema(JavaSchema.of(type));
        try {
            Generation generation = generate();
            if (!generation.form().orElseThrow().complete()) {
                throw new BadInputException("answer: expected JSON of " + type.getSimpleName()
                        + ", found what ended before it was whole, by "
                        + generation.finishReason().label());
            }
            return JavaSchema.read(generation.text(), type);
        } finally {
            form = before;
        }
    }

    private @Nullable CompiledForm compiledForm() {
        OutputForm wanted = form;
        return wanted == null ? null : model.loaded().forms().compile(wanted);
    }

    private List<String> allStops() {
        List<String> all = new ArrayList<>(stops);
        if (!turnEnd.isEmpty()) {
            all.add(turnEnd);
        }
        return all;
    }

    /** {@return the token ids of the prompt that is set} */
    public int[] promptTokens() {
        return prompt.clone();
    }

    /** Makes the generation under way, if any, end soon with what there is. Any thread. */
    public void cancel() {
        Ticket ticket = running;
        if (ticket != null) {
            ticket.cancel();
        }
    }
}
