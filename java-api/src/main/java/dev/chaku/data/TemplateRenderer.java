package dev.chaku.data;

import dev.chaku.text.template.ChatTemplate;
import java.util.List;
import java.util.Map;

/**
 * Renders with a chat template, and gives it what a conversation holds in the form that it takes: arguments of tools'
 * calls as an object or as a text, thoughts under the key that it reads, content as a text or as parts. Immutable and
 * thread-safe.
 */
final class TemplateRenderer implements ChatRenderer {
    private final ChatTemplate template;
    private final boolean contentIsParts;
    private final boolean argumentsAreText;
    private final List<String> reasoningKeys;

    TemplateRenderer(ChatTemplate template) {
        this.template = template;
        this.contentIsParts = ContentParts.areWanted(template::render);
        ChatRenderer plain = (messages, tools, prompt) ->
                template.render(contentIsParts ? ContentParts.of(messages) : messages, tools, prompt);
        this.argumentsAreText = ToolArguments.areText(plain);
        this.reasoningKeys = ReasoningKey.readBy(plain);
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
        List<Map<String, Object>> called = argumentsAreText ? ToolArguments.asText(thought) : thought;
        return contentIsParts ? ContentParts.of(called) : called;
    }
}
