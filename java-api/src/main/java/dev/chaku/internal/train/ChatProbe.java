package dev.chaku.internal.train;

import dev.chaku.data.ChatRenderer;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells chat templates from each other by what they make of one conversation, as some are no text but code. */
public final class ChatProbe {
    private ChatProbe() {}

    /** The SHA-256 of the probe as the template writes it; a word for none and for one that refuses it. */
    public static String sha256(@Nullable ChatRenderer template) {
        if (template == null) {
            return "none";
        }
        List<Map<String, Object>> conversation = List.of(
                Map.of("role", "user", "content", "What is a llama?"),
                Map.of("role", "assistant", "content", "An animal."),
                Map.of("role", "user", "content", "And an alpaca?"),
                Map.of("role", "assistant", "content", "Another."));
        try {
            byte[] text = template.render(conversation, List.of(), false).getBytes(StandardCharsets.UTF_8);
            return new Sha256().add(text).hex();
        } catch (BadInputException e) {
            return "another";
        }
    }
}
