package dev.chaku.data;

import java.util.List;
import java.util.Map;

/** A chat template: a conversation to the text that the model reads. */
@FunctionalInterface
public interface ChatRenderer {
  /**
   * Renders a conversation.
   *
   * @param addGenerationPrompt whether the text ends where the assistant's next turn begins
   * @throws dev.chaku.BadInputException if the template refuses the conversation
   */
  String render(List<Map<String, Object>> messages, List<Object> tools, boolean addGenerationPrompt);
}
