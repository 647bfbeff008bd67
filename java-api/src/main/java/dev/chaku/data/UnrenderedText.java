package dev.chaku.data;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a conversation says and its template leaves out, and which is therefore trained nowhere: reasoning, other
 * text and calls of tools of an answer that counts, system messages and results of tools, descriptions of tools.
 *
 * <p>Templates move, trim and split texts, so that lines are compared. Of an answer every line is to come out in its
 * own turn, of the others at least one line anywhere.
 */
final class UnrenderedText {
    private static final List<String> TEXTS = List.of("content", "reasoning_content", "reasoning", "thinking");
    private static final Set<String> CONTEXT = Set.of("system", "developer", "tool");
    /** Lines that a template writes in its own way. */
    private static final Pattern TAG = Pattern.compile("</?[\\w|]+>");

    private UnrenderedText() {}

    /**
     * The first text that a rendered conversation lacks, and what it is of: {@code reasoning_content: Six sevens are
     * 42.}
     *
     * @param context whether messages that are not trained are looked at, too
     */
    static Optional<String> first(ChatMask.Cut cut, boolean context) {
        String before = "";
        StringBuilder whole = new StringBuilder();
        for (ChatMask.Segment segment : cut.segments()) {
            whole.append(segment.text());
            if (segment.weight() > 0) {
                Map<String, Object> message = cut.marked().messages().get(segment.message());
                Optional<String> found = ofAnswer(message, before + segment.text());
                if (found.isPresent()) {
                    return found.map(text -> plain(text, cut.marked()));
                }
            }
            before = segment.text();
        }
        return context
                ? ofContext(cut.marked(), whole.toString()).map(text -> plain(text, cut.marked()))
                : Optional.empty();
    }

    private static String plain(String text, SpecialText.Marked conversation) {
        return String.join("", conversation.parts(text));
    }

    private static Optional<String> ofAnswer(Map<String, Object> message, String turn) {
        for (String key : TEXTS) {
            for (String line : lines(message.get(key))) {
                if (!isIn(line, turn)) {
                    return Optional.of(key + ": " + line);
                }
            }
        }
        if (message.get("tool_calls") instanceof List<?> calls) {
            for (Object call : calls) {
                String name = functionName(call);
                if (!turn.contains(name)) {
                    return Optional.of("tool call: " + name);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> ofContext(SpecialText.Marked conversation, String whole) {
        for (Map<String, Object> message : conversation.messages()) {
            List<String> lines =
                    CONTEXT.contains(String.valueOf(message.get("role"))) ? lines(message.get("content")) : List.of();
            if (!lines.isEmpty() && lines.stream().noneMatch(line -> isIn(line, whole))) {
                return Optional.of(message.get("role") + " message: " + lines.get(0));
            }
        }
        for (Object tool : conversation.tools()) {
            String name = functionName(tool);
            if (!whole.contains(name)) {
                return Optional.of("description of a tool: " + name);
            }
        }
        return Optional.empty();
    }

    private static String functionName(Object call) {
        return call instanceof Map<?, ?> outer
                        && outer.get("function") instanceof Map<?, ?> function
                        && function.get("name") instanceof String name
                ? name
                : "";
    }

    /** The lines of a text that say something. */
    private static List<String> lines(@Nullable Object value) {
        Set<String> lines = new LinkedHashSet<>();
        if (value instanceof String text) {
            for (String line : text.split("\\R")) {
                String stripped = line.strip();
                if (stripped.codePoints().anyMatch(Character::isLetterOrDigit)
                        && !TAG.matcher(stripped).matches()) {
                    lines.add(stripped);
                }
            }
        }
        return List.copyOf(lines);
    }

    /** Whether a line comes out, as it is or as JSON writes it; tags that stand in it may be written in another way. */
    private static boolean isIn(String line, String rendered) {
        if (rendered.contains(line)) {
            return true;
        }
        String json = JsonLines.text(line);
        if (rendered.contains(json.substring(1, json.length() - 1))) {
            return true;
        }
        for (String part : TAG.split(line)) {
            if (!rendered.contains(part.strip())) {
                return false;
            }
        }
        return TAG.matcher(line).find();
    }
}
