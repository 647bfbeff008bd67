package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An example as the checks look at it.
 *
 * @param prompt all text before the last answer; empty for plain text
 * @param answers the texts that are trained on, or compared; the last is the answer to the prompt
 * @param messages of a conversation, its answer included; empty for other kinds
 */
record Sample(Example example, String prompt, List<String> answers, List<Map<String, Object>> messages) {
    static Sample of(Example example) {
        if (example instanceof Example.Text text) {
            return new Sample(example, "", List.of(text.text()), List.of());
        }
        if (example instanceof Example.Tokens tokens) {
            return new Sample(example, "", List.of(tokens.ids().toString()), List.of());
        }
        if (example instanceof Example.PromptCompletion pair) {
            return new Sample(example, pair.prompt(), List.of(pair.completion()), List.of());
        }
        if (example instanceof Example.Preference pair) {
            List<String> answers = List.of(joinedContent(pair.rejected()), joinedContent(pair.chosen()));
            return new Sample(example, joined(pair.prompt()), answers, both(pair.prompt(), pair.chosen()));
        }
        if (example instanceof Example.Labelled labelled) {
            List<String> answers = List.of(joinedContent(labelled.answer()));
            return new Sample(example, joined(labelled.prompt()), answers, both(labelled.prompt(), labelled.answer()));
        }
        return ofChat((Example.Chat) example);
    }

    private static Sample ofChat(Example.Chat chat) {
        List<String> answers = new ArrayList<>();
        int last = 0;
        for (int i = 0; i < chat.messages().size(); i++) {
            Map<String, Object> message = chat.messages().get(i);
            if (role(message).equals("assistant")) {
                answers.add(content(message));
                last = i;
            }
        }
        return new Sample(chat, joined(chat.messages().subList(0, last)), answers, chat.messages());
    }

    private static List<Map<String, Object>> both(List<Map<String, Object>> prompt, List<Map<String, Object>> answer) {
        List<Map<String, Object>> both = new ArrayList<>(prompt);
        both.addAll(answer);
        return both;
    }

    String source() {
        return example.source();
    }

    /** A source without its folder, to be told beside another. */
    static String place(Example example) {
        String source = example.source();
        return source.substring(1 + Math.max(source.lastIndexOf('/'), source.lastIndexOf('\\')));
    }

    /** The file that it came from. */
    String file() {
        int colon = source().lastIndexOf(':');
        return colon < 0 ? source() : source().substring(0, colon);
    }

    /** The script that the answer is written in, see {@link Scripts}. */
    String script() {
        return Scripts.of(answer());
    }

    /** The language that the answer is written in, see {@link Languages}. */
    String language() {
        return Languages.of(answer());
    }

    /** Of prompt and answers, without roles. */
    int characters() {
        if (messages().isEmpty()) {
            return prompt.length() + answer().length();
        }
        return messages().stream()
                .mapToInt(message -> content(message).length())
                .sum();
    }

    String answer() {
        return answers.isEmpty() ? "" : answers.get(answers.size() - 1);
    }

    /** Prompt and answer. */
    String text() {
        return prompt.isEmpty() ? answer() : prompt + "\n" + answer();
    }

    String kind() {
        return example.getClass().getSimpleName();
    }

    static String role(Map<String, Object> message) {
        return String.valueOf(message.get("role"));
    }

    static String content(Map<String, Object> message) {
        return message.get("content") instanceof String text ? text : "";
    }

    private static String joined(List<Map<String, Object>> messages) {
        StringBuilder text = new StringBuilder();
        messages.forEach(m -> text.append(text.isEmpty() ? "" : "\n")
                .append(role(m))
                .append(": ")
                .append(content(m)));
        return text.toString();
    }

    private static String joinedContent(List<Map<String, Object>> messages) {
        StringBuilder text = new StringBuilder();
        messages.forEach(m -> text.append(text.isEmpty() ? "" : "\n").append(content(m)));
        return text.toString();
    }
}
