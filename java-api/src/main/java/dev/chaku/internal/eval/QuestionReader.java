package dev.chaku.internal.eval;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.Example;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.internal.random.SplitMix64;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes questions of examples: what stands before the last answer is the prompt, token by token as training has it,
 * with other examples before it where asked for. Not thread-safe.
 */
public final class QuestionReader {
    private static final String BETWEEN_SHOTS = "\n\n";

    private final ExampleEncoder encoder;
    private final Tokenizer tokenizer;

    /** @param maxLength of prompt and answer, in tokens; longer examples are none */
    public QuestionReader(Tokenizer tokenizer, @Nullable ChatRenderer chat, int maxLength) {
        this.tokenizer = tokenizer;
        this.encoder = new ExampleEncoder(tokenizer, chat, new ExampleEncoder.Options(maxLength, OverLong.DROP, false));
    }

    /** Whether an example asks something, rather than being a text, tokens, or an answer that is not wanted. */
    public static boolean asks(Example example) {
        return example instanceof Example.PromptCompletion
                || example instanceof Example.Chat
                || example instanceof Example.Preference
                || example instanceof Example.Labelled labelled && labelled.wanted();
    }

    /** An example as a question; empty if it is too long. */
    public Optional<Question> read(int index, Example example, List<Example> shots) {
        Example asked = withShots(
                plain(example), shots.stream().map(QuestionReader::plain).toList());
        List<EncodedExample> encoded = encoder.encode(List.of(asked));
        if (encoded.isEmpty()) {
            return Optional.empty();
        }
        EncodedExample last = encoded.get(encoded.size() - 1);
        int to = last.length() - 1;
        while (last.weights()[to - 1] == 0) {
            to--;
        }
        int from = to;
        while (from > 0 && last.weights()[from - 1] > 0) {
            from--;
        }
        int[] answer = Arrays.copyOfRange(last.tokens(), from + 1, to + 1);
        return Optional.of(new Question(
                index,
                example,
                Arrays.copyOfRange(last.tokens(), 0, from + 1),
                answer,
                reference(asked, answer),
                asked instanceof Example.PromptCompletion pair ? pair.choices() : List.of()));
    }

    private String reference(Example asked, int[] answer) {
        if (asked instanceof Example.PromptCompletion pair) {
            return pair.completion();
        }
        Map<String, Object> message = lastOf((Example.Chat) asked);
        boolean isText = message.get("content") instanceof String text
                && !text.isEmpty()
                && !message.containsKey("tool_calls")
                && !message.containsKey("reasoning_content");
        return isText ? (String) message.get("content") : tokenizer.decode(answer, false);
    }

    private static Map<String, Object> lastOf(Example.Chat chat) {
        return chat.messages().get(chat.messages().size() - 1);
    }

    /** A pair, or a conversation that ends in the answer that is asked for. */
    private static Example plain(Example example) {
        if (example instanceof Example.PromptCompletion) {
            return example;
        }
        Example.Chat chat = example instanceof Example.Preference pair
                ? pair.chosenChat()
                : example instanceof Example.Labelled labelled ? labelled.chat() : (Example.Chat) example;
        return upToLastAnswer(chat.source(), chat.messages(), chat.tools());
    }

    private static Example.Chat upToLastAnswer(String source, List<Map<String, Object>> messages, List<Object> tools) {
        int end = messages.size();
        while (end > 1 && !"assistant".equals(messages.get(end - 1).get("role"))) {
            end--;
        }
        List<Float> weights = new ArrayList<>(Collections.nCopies(end - 1, 0f));
        weights.add(1f);
        return new Example.Chat(source, messages.subList(0, end), weights, tools);
    }

    private static Example withShots(Example asked, List<Example> shots) {
        if (shots.isEmpty()) {
            return asked;
        }
        if (asked instanceof Example.PromptCompletion pair) {
            StringBuilder before = new StringBuilder();
            for (Example shot : shots) {
                Example.PromptCompletion other = (Example.PromptCompletion) shot;
                before.append(other.prompt()).append(other.completion()).append(BETWEEN_SHOTS);
            }
            return new Example.PromptCompletion(
                    pair.source(), before + pair.prompt(), pair.completion(), pair.choices());
        }
        Example.Chat chat = (Example.Chat) asked;
        List<Map<String, Object>> messages = new ArrayList<>();
        int own = isSystem(chat.messages().get(0)) ? 1 : 0;
        messages.addAll(chat.messages().subList(0, own));
        for (Example shot : shots) {
            List<Map<String, Object>> turns = ((Example.Chat) shot).messages();
            messages.addAll(turns.subList(isSystem(turns.get(0)) ? 1 : 0, turns.size()));
        }
        messages.addAll(chat.messages().subList(own, chat.messages().size()));
        return upToLastAnswer(chat.source(), messages, chat.tools());
    }

    private static boolean isSystem(Map<String, Object> message) {
        return "system".equals(message.get("role"));
    }

    /**
     * Examples to put before a question, drawn by the seed: never one with the question's own prompt, none twice, and
     * of its own kind, a pair for a pair and a conversation for a conversation.
     */
    public static List<Example> shots(List<Example> from, Example asked, int count, long seed) {
        Set<String> used = new HashSet<>(Set.of(asked.promptKey()));
        List<Example> shots = new ArrayList<>();
        long counter = seed;
        for (int draw = 0; draw < 20 * count && shots.size() < count; draw++) {
            long bits = SplitMix64.mix(counter++ * SplitMix64.STEP);
            Example shot = from.get((int) Math.floorMod(bits, (long) from.size()));
            boolean sameKind =
                    shot instanceof Example.PromptCompletion == asked instanceof Example.PromptCompletion && asks(shot);
            if (sameKind && used.add(shot.promptKey())) {
                shots.add(shot);
            }
        }
        return shots;
    }
}
