package dev.chaku.data;

import dev.chaku.text.template.ChatTemplate;
import java.util.List;
import java.util.Map;

/**
 * Renders with a chat template, and gives it what a conversation holds in the form that it takes: arguments of tools'
 * calls as an object or as a text, thoughts under the key that it reads. Immutable and thread-safe.
 */
final class TemplateRenderer implements ChatRenderer {
  private final ChatTemplate template;
  private final boolean argumentsAreText;
  private final List<String> reasoningKeys;

  TemplateRenderer(ChatTemplate template) {
    this.template = template;
    this.argumentsAreText = ToolArguments.areText(template::render);
    this.reasoningKeys = ReasoningKey.readBy(template::render);
  }

  @Override
  public String render(List<Map<String, Object>> messages, List<Object> tools, boolean addGenerationPrompt) {
    return template.render(adapted(messages), tools, addGenerationPrompt);
  }

  @Override
  public List<int[]> generations(List<Map<String, Object>> messages, List<Object> tools) {
    return template.render(adapted(messages), tools, false, Map.of()).generations();
  }

  private List<Map<String, Object>> adapted(List<Map<String, Object>> messages) {
    List<Map<String, Object>> thought = ReasoningKey.under(reasoningKeys, messages);
    return argumentsAreText ? ToolArguments.asText(thought) : thought;
  }
}
