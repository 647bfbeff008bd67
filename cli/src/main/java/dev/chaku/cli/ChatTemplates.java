package dev.chaku.cli;

import dev.chaku.Model;
import dev.chaku.data.ChatRenderer;
import dev.chaku.text.template.ChatTemplate;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The chat template that a verb uses: one named on the command line, else the model's own. */
final class ChatTemplates {
    private ChatTemplates() {}

    static @Nullable ChatRenderer of(Model model, @Nullable String named) {
        Optional<ChatTemplate> template = named != null ? Optional.of(model.chat(named)) : model.chat();
        return template.map(ChatRenderer::of).orElse(null);
    }
}
