package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One record of a data set. Messages are maps with {@code role} and {@code content} at least, as a chat template takes
 * them; calls of tools stand in {@code tool_calls} with their arguments as a map.
 *
 * <p>An example made in memory is checked and read as one of a file is: a null argument is refused by its name, a
 * message without a known role or without content, half a character, or a weight that is none is a
 * {@link BadInputException} that names the source and the message. Messages and descriptions of tools are copied at any
 * depth; a key with null counts as absent.
 */
public sealed interface Example {
    /** {@return where it stands, for messages: {@code file:line}} */
    String source();

    /** {@return a text that is equal for examples that ask the same: the prompt, or the text where there is none} */
    default String promptKey() {
        if (this instanceof Text text) {
            return text.text();
        }
        if (this instanceof Tokens tokens) {
            return tokens.ids().toString();
        }
        if (this instanceof PromptCompletion pair) {
            return pair.prompt();
        }
        if (this instanceof Preference pair) {
            return pair.prompt().toString();
        }
        if (this instanceof Labelled labelled) {
            return labelled.prompt().toString();
        }
        List<Map<String, Object>> messages = ((Chat) this).messages();
        int last = messages.size() - 1;
        while (last > 0 && !"assistant".equals(messages.get(last).get("role"))) {
            last--;
        }
        return messages.subList(0, last).toString();
    }

    /**
     * A prompt and what should follow it; the prompt is not trained.
     *
     * @param choices completions among which the right one is, where the record names them; often empty
     */
    record PromptCompletion(String source, String prompt, String completion, List<String> choices) implements Example {
        public PromptCompletion {
            ExampleRules.text(source, "prompt", prompt);
            ExampleRules.text(source, "completion", completion);
            choices = List.copyOf(choices);
        }

        /**
         * Makes a pair without choices.
         *
         * @param source where it stands, for messages
         * @param prompt what is given
         * @param completion what should follow it
         */
        public PromptCompletion(String source, String prompt, String completion) {
            this(source, prompt, completion, List.of());
        }
    }

    /** Text that is trained as a whole. */
    record Text(String source, String text) implements Example {
        public Text {
            ExampleRules.text(source, "text", text);
        }
    }

    /**
     * Tokens made elsewhere, for a vocabulary that must be the model's.
     *
     * @param ids at least two
     * @param weights one per token, at least 0: what predicting it counts; that of the first is not used
     */
    record Tokens(String source, List<Integer> ids, List<Float> weights) implements Example {
        public Tokens {
            ids = List.copyOf(Objects.requireNonNull(ids, "ids"));
            weights = ExampleRules.weights(source, weights, ids.size(), "token");
        }
    }

    /**
     * A conversation; the assistant's turns are trained.
     *
     * @param messages at least one of the assistant
     * @param weights one per message, at least 0: what an assistant's turn counts, 0 for not at all
     * @param tools descriptions of functions; often empty
     */
    record Chat(String source, List<Map<String, Object>> messages, List<Float> weights, List<Object> tools)
            implements Example {
        public Chat {
            messages = ExampleRules.conversation(source, messages);
            weights = ExampleRules.weights(source, weights, messages.size(), "message");
            tools = ExampleRules.tools(source, tools);
        }

        /**
         * {@return a conversation of which an assistant's turn counts what its flags say, 1 without any}
         *
         * @param source what messages call it: file and line
         * @param messages each with {@code role} and {@code content}, as chat templates take them
         * @param tools descriptions of functions that the model may call, as JSON Schema; often empty
         */
        public static Chat of(String source, List<Map<String, Object>> messages, List<Object> tools) {
            return new Chat(source, messages, ExampleRules.weights(source, messages), tools);
        }

        /** The same conversation of which the last {@code n} messages alone count. */
        private Chat lastAlone(int n) {
            List<Float> only = new ArrayList<>(weights);
            for (int i = 0; i < only.size() - n; i++) {
                only.set(i, 0f);
            }
            return new Chat(source, messages, only, tools);
        }
    }

    /**
     * A prompt with an answer that is preferred to another (DPO, ORPO).
     *
     * @param prompt the messages before the answer
     * @param chosen messages of the better answer, at least one, and of the worse
     */
    record Preference(
            String source,
            List<Map<String, Object>> prompt,
            List<Map<String, Object>> chosen,
            List<Map<String, Object>> rejected,
            List<Object> tools)
            implements Example {
        public Preference {
            prompt = ExampleRules.messages(source, "prompt", prompt);
            chosen = ExampleRules.answer(source, "chosen", chosen);
            rejected = ExampleRules.answer(source, "rejected", rejected);
            tools = ExampleRules.tools(source, tools);
        }

        /** {@return the conversation with the better answer, which alone counts} */
        public Chat chosenChat() {
            return joined(source, prompt, chosen, tools);
        }

        /** {@return the conversation with the worse answer, which alone counts} */
        public Chat rejectedChat() {
            return joined(source, prompt, rejected, tools);
        }
    }

    /**
     * An answer that is wanted or not (KTO).
     *
     * @param prompt the messages before the answer
     * @param answer at least one message
     */
    record Labelled(
            String source,
            List<Map<String, Object>> prompt,
            List<Map<String, Object>> answer,
            boolean wanted,
            List<Object> tools)
            implements Example {
        public Labelled {
            prompt = ExampleRules.messages(source, "prompt", prompt);
            answer = ExampleRules.answer(source, "answer", answer);
            tools = ExampleRules.tools(source, tools);
        }

        /** {@return the conversation with the answer, which alone counts} */
        public Chat chat() {
            return joined(source, prompt, answer, tools);
        }
    }

    private static Chat joined(
            String source, List<Map<String, Object>> prompt, List<Map<String, Object>> answer, List<Object> tools) {
        List<Map<String, Object>> messages = new ArrayList<>(prompt);
        messages.addAll(answer);
        return Chat.of(source, messages, tools).lastAlone(answer.size());
    }
}
