package dev.chaku.cli;

import dev.chaku.BadInputException;
import dev.chaku.Model;
import dev.chaku.data.ChatRenderer;
import org.jspecify.annotations.Nullable;

/** The chat template that a verb uses: one named on the command line, else the model's own. */
final class ChatTemplates {
  private ChatTemplates() {}

  static @Nullable ChatRenderer of(Model model, @Nullable String named) {
    if (named != null) {
      throw new BadInputException("--chat-template: not supported yet");
    }
    return null;
  }
}
