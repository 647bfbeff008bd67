package dev.chaku.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the assistant's turns in a rendered conversation.
 *
 * <p>Where the template marks them, its marks count. Else each turn is what the rendering up to it has beyond the
 * rendering before it with a generation prompt; the generation prompt is the role header, which is not trained, and
 * white space after the end-of-turn token is not either. Some templates write a generation prompt that the turn does
 * not begin with (an opened thought), or an end-of-text token after the last message alone: then what both have in
 * common counts. A turn whose rendering is no beginning of the whole, since the template rewrites earlier turns, is
 * missed.
 */
final class ChatMask {
    /**
     * A run of text with one weight.
     *
     * @param message which it is the turn of, by index, or -1
     */
    record Segment(String text, float weight, int message) {}

    /**
     * A conversation cut at the turns.
     *
     * @param segments which together are the rendered text, marked
     * @param marked the conversation as it was rendered
     * @param turns found
     * @param missed messages with a weight that the template rewrites, by index
     */
    record Cut(List<Segment> segments, SpecialText.Marked marked, int turns, List<Integer> missed) {}

    private record Span(int from, int to) {}

    private final ChatRenderer renderer;
    private final SpecialText special;

    ChatMask(ChatRenderer renderer, SpecialText special) {
        this.renderer = renderer;
        this.special = special;
    }

    Cut cut(Example.Chat example) {
        SpecialText.Marked conversation = special.mark(example.messages(), example.tools(), renderer);
        List<Map<String, Object>> messages = conversation.messages();
        String whole = renderer.render(messages, conversation.tools(), false);
        List<Integer> turns = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            if (isAssistant(messages.get(i))) {
                turns.add(i);
            }
        }
        List<int[]> marked = renderer.generations(messages, conversation.tools());
        boolean said = !marked.isEmpty() && marked.size() == turns.size();
        List<Segment> segments = new ArrayList<>();
        int at = 0;
        List<Integer> missed = new ArrayList<>();
        for (int k = 0; k < turns.size(); k++) {
            int i = turns.get(k);
            Span span = said ? new Span(marked.get(k)[0], marked.get(k)[1]) : span(conversation, whole, i);
            float weight = example.weights().get(i);
            if (span == null || span.from() < at) {
                if (weight > 0) {
                    missed.add(i);
                }
                continue;
            }
            segments.add(new Segment(whole.substring(at, span.from()), 0, -1));
            segments.add(new Segment(whole.substring(span.from(), span.to()), weight, i));
            at = span.to();
        }
        int found = segments.size() / 2;
        segments.add(new Segment(whole.substring(at), 0, -1));
        segments.removeIf(segment -> segment.text().isEmpty());
        return new Cut(segments, conversation, found, missed);
    }

    private static boolean isAssistant(Map<String, Object> message) {
        return "assistant".equals(message.get("role"));
    }

    /** Where message i stands in the whole, or null if that cannot be told. */
    private @Nullable Span span(SpecialText.Marked conversation, String whole, int i) {
        List<Map<String, Object>> messages = conversation.messages();
        List<Object> tools = conversation.tools();
        if (i == 0) {
            return null; // No text comes before it, and many templates refuse to render none.
        }
        String before = renderer.render(messages.subList(0, i), tools, true);
        boolean last = i + 1 == messages.size();
        String after = last ? whole : renderer.render(messages.subList(0, i + 1), tools, false);
        int from = before.length();
        if (!after.startsWith(before)) {
            from = common(before, after);
            String plain = renderer.render(messages.subList(0, i), tools, false);
            int shared = common(plain, after);
            // The text before the turn must be there whole: else the template rewrote it.
            if (from < shared || shared < plain.length()) {
                return null;
            }
        }
        int to = after.length();
        if (!whole.startsWith(after)) {
            int shared = common(after, whole);
            to = special.lastEnd(after, from, shared);
            if (to >= 0 && after.substring(to, shared).chars().anyMatch(Character::isLetterOrDigit)) {
                return null; // The turn itself ends another way.
            }
        }
        if (to < from || !whole.startsWith(after.substring(0, to))) {
            return null;
        }
        return new Span(from, from + after.substring(from, to).stripTrailing().length());
    }

    private static int common(String a, String b) {
        int n = 0;
        int most = Math.min(a.length(), b.length());
        while (n < most && a.charAt(n) == b.charAt(n)) {
            n++;
        }
        // Never between the halves of one character.
        return n > 0 && n < most && Character.isHighSurrogate(a.charAt(n - 1)) ? n - 1 : n;
    }
}
