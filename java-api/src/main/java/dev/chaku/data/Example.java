package dev.chaku.data;

import java.util.List;
import java.util.Map;

/** One record of a data set. */
public sealed interface Example {
  /** Where it stands, for messages: {@code file:line}. */
  String source();

  /** A prompt and what should follow it; the prompt is not trained. */
  record PromptCompletion(String source, String prompt, String completion) implements Example {}

  /** Text that is trained as a whole. */
  record Text(String source, String text) implements Example {}

  /**
   * A conversation; the assistant's turns are trained.
   *
   * @param messages at least one, each with {@code role} and {@code content} at least, as the chat template takes them
   * @param weights one per message: what an assistant's turn counts, 0 for not at all
   * @param tools descriptions of functions; often empty
   */
  record Chat(String source, List<Map<String, Object>> messages, List<Float> weights, List<Object> tools)
      implements Example {
    public Chat {
      messages = List.copyOf(messages);
      weights = List.copyOf(weights);
      tools = List.copyOf(tools);
    }
  }
}
