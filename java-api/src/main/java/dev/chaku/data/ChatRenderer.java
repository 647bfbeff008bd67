package dev.chaku.data;

import dev.chaku.text.template.ChatTemplate;
import java.util.List;
import java.util.Map;

/**
 * A chat template: a conversation to the text that the model reads. Thread-safe: data are encoded on several threads.
 */
@FunctionalInterface
public interface ChatRenderer {
    /**
     * Renders a conversation.
     *
     * @param messages each with {@code role} and {@code content}, as chat templates take them
     * @param tools descriptions of functions that the model may call, as JSON Schema; often empty
     * @param addGenerationPrompt whether the text ends where the assistant's next turn begins
     * @return the text
     * @throws dev.chaku.errors.BadInputException if the template refuses the conversation
     */
    String render(List<Map<String, Object>> messages, List<Object> tools, boolean addGenerationPrompt);

    /**
     * {@return the spans of the rendered conversation that the template itself says the assistant wrote ({@code {%
     * generation %}}), begin and end of each in the order of its turns; empty if it does not say}
     *
     * @param messages each with {@code role} and {@code content}, as chat templates take them
     * @param tools descriptions of functions that the model may call, as JSON Schema; often empty
     */
    default List<int[]> generations(List<Map<String, Object>> messages, List<Object> tools) {
        return List.of();
    }

    /**
     * {@return a renderer that keeps what the template says of the assistant's spans, and gives it the arguments of
     * tools' calls and the assistant's thoughts as it takes them}
     *
     * @param template writes the conversation as text
     */
    static ChatRenderer of(ChatTemplate template) {
        return new TemplateRenderer(template);
    }
}
