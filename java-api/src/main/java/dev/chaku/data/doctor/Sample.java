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
 */
record Sample(Example example, String prompt, List<String> answers) {
  static Sample of(Example example) {
    if (example instanceof Example.Text text) {
      return new Sample(example, "", List.of(text.text()));
    }
    if (example instanceof Example.Tokens tokens) {
      return new Sample(example, "", List.of(tokens.ids().toString()));
    }
    if (example instanceof Example.PromptCompletion pair) {
      return new Sample(example, pair.prompt(), List.of(pair.completion()));
    }
    if (example instanceof Example.Preference pair) {
      return new Sample(
          example, joined(pair.prompt()), List.of(joinedContent(pair.rejected()), joinedContent(pair.chosen())));
    }
    if (example instanceof Example.Labelled labelled) {
      return new Sample(example, joined(labelled.prompt()), List.of(joinedContent(labelled.answer())));
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
    return new Sample(chat, joined(chat.messages().subList(0, last)), answers);
  }

  String source() {
    return example.source();
  }

  /** The source without its folder, to be told beside another. */
  String place() {
    return source().substring(1 + Math.max(source().lastIndexOf('/'), source().lastIndexOf('\\')));
  }

  /** The file that it came from. */
  String file() {
    int colon = source().lastIndexOf(':');
    return colon < 0 ? source() : source().substring(0, colon);
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
    return messages().stream().mapToInt(message -> content(message).length()).sum();
  }

  String answer() {
    return answers.isEmpty() ? "" : answers.get(answers.size() - 1);
  }

  /** Prompt and answer. */
  String text() {
    return prompt.isEmpty() ? answer() : prompt + "\n" + answer();
  }

  /** The messages of a conversation, its answer included; empty for other kinds. */
  List<Map<String, Object>> messages() {
    if (example instanceof Example.Chat chat) {
      return chat.messages();
    }
    if (example instanceof Example.Preference pair) {
      return pair.chosenChat().messages();
    }
    return example instanceof Example.Labelled labelled ? labelled.chat().messages() : List.of();
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
    messages.forEach(m -> text.append(text.isEmpty() ? "" : "\n").append(role(m)).append(": ").append(content(m)));
    return text.toString();
  }

  private static String joinedContent(List<Map<String, Object>> messages) {
    StringBuilder text = new StringBuilder();
    messages.forEach(m -> text.append(text.isEmpty() ? "" : "\n").append(content(m)));
    return text.toString();
  }
}
