package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keeps special tokens that stand in content, of messages or of tools' descriptions, from being read as such: content
 * is data, whatever it spells.
 *
 * <p>A mark is put inside each such spelling before the template renders it. Where the rendered text has the mark, it
 * is cut, so that the halves are encoded apart and spell nothing. The mark is a character of Unicode's private use that
 * neither the conversation nor its rendering has, chosen for each conversation, so that no character of a text is lost.
 */
final class SpecialText {
    private static final Pattern NAME = Pattern.compile("\\w+");
    /** Code points for private use: one plane after the other, from and to. */
    private static final int[][] PRIVATE_USE = {{0xE000, 0xF8FF}, {0xF0000, 0xFFFFD}, {0x100000, 0x10FFFD}};

    /** Spellings by their first character, the longest first. */
    private final Map<Character, List<String>> spellings = new HashMap<>();

    SpecialText(Collection<String> all) {
        for (String spelling : all) {
            spellings
                    .computeIfAbsent(spelling.charAt(0), first -> new ArrayList<>())
                    .add(spelling);
        }
        spellings
                .values()
                .forEach(list ->
                        list.sort(Comparator.comparingInt(String::length).reversed()));
    }

    static SpecialText of(Tokenizer tokenizer) {
        List<String> all = new ArrayList<>();
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            if (tokenizer.isSpecial(id) && tokenizer.piece(id).length() > 1) {
                all.add(tokenizer.piece(id));
            }
        }
        return new SpecialText(all);
    }

    /** The first special spelling in a text, if any. */
    Optional<String> firstIn(String text) {
        int i = find(text, 0);
        return i < 0 ? Optional.empty() : Optional.of(text.substring(i, i + lengthAt(text, i)));
    }

    /** Where the last special token that lies within the range ends, or -1. */
    int lastEnd(String text, int from, int to) {
        int end = -1;
        for (int i = from; i < to; i++) {
            int length = lengthAt(text, i);
            if (length > 0 && i + length <= to) {
                end = i + length;
                i = end - 1;
            }
        }
        return end;
    }

    /**
     * A conversation to be rendered.
     *
     * @param messages with every special spelling marked in all their texts but the role
     * @param tools their descriptions, marked likewise
     * @param mark where the rendered text is to be cut, or null where nothing is marked
     */
    record Marked(
            List<Map<String, Object>> messages,
            List<Object> tools,
            @Nullable String mark) {
        /** The rendered text without marks, in the parts that are to be encoded apart. */
        List<String> parts(String rendered) {
            return mark == null ? List.of(rendered) : List.of(rendered.split(mark, -1));
        }
    }

    /**
     * Marks what is special in content; where nothing is, the messages and tools are those given.
     *
     * @param renderer what will render them; asked only if something is special, for characters that it adds
     * @throws BadInputException if the conversation has every character that could be a mark
     */
    Marked mark(List<Map<String, Object>> messages, List<Object> tools, ChatRenderer renderer) {
        if (messages.stream().noneMatch(message -> isSpecialIn(message, "role")) && !isSpecialIn(tools)) {
            return new Marked(messages, tools, null);
        }
        BitSet taken = new BitSet();
        take(messages, taken);
        take(tools, taken);
        take(renderer.render(messages, tools, false), taken);
        String mark = freeMark(taken);
        List<Map<String, Object>> marked = new ArrayList<>();
        for (Map<String, Object> message : messages) {
            Map<String, Object> copy = new LinkedHashMap<>();
            message.forEach((key, value) -> copy.put(key, key.equals("role") ? value : markAll(value, mark)));
            marked.add(copy);
        }
        List<Object> markedTools = new ArrayList<>();
        tools.forEach(tool -> markedTools.add(markAll(tool, mark)));
        return new Marked(marked, markedTools, mark);
    }

    private static String freeMark(BitSet taken) {
        for (int[] plane : PRIVATE_USE) {
            int free = taken.nextClearBit(plane[0]);
            if (free <= plane[1]) {
                return Character.toString(free);
            }
        }
        throw new BadInputException(
                "a conversation that spells special tokens has every character that Unicode leaves for private use, expected one "
                        + "that it has not, to mark them with; leave some of these characters out");
    }

    /** Notes the characters for private use in a value of plain Java, keys of maps included. */
    private static void take(@Nullable Object value, BitSet taken) {
        if (value instanceof String text) {
            text.codePoints()
                    .filter(c -> Character.getType(c) == Character.PRIVATE_USE)
                    .forEach(taken::set);
        } else if (value instanceof List<?> list) {
            list.forEach(element -> take(element, taken));
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((key, element) -> {
                take(key, taken);
                take(element, taken);
            });
        }
    }

    private boolean isSpecialIn(Map<?, ?> map, String passedOver) {
        return map.entrySet().stream()
                .anyMatch(entry ->
                        !passedOver.equals(entry.getKey()) && (isKey(entry.getKey()) || isSpecialIn(entry.getValue())));
    }

    private boolean isSpecialIn(@Nullable Object value) {
        if (value instanceof List<?> list) {
            return list.stream().anyMatch(this::isSpecialIn);
        }
        return value instanceof String text
                ? find(text, 0) >= 0
                : value instanceof Map<?, ?> map && isSpecialIn(map, "");
    }

    /** Marks the texts in a value of plain Java, at any depth. */
    private @Nullable Object markAll(@Nullable Object value, String mark) {
        if (value instanceof String text) {
            return marked(text, mark);
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>(list.size());
            list.forEach(element -> copy.add(markAll(element, mark)));
            return copy;
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach(
                    (key, element) -> copy.put(isKey(key) ? marked((String) key, mark) : key, markAll(element, mark)));
            return copy;
        }
        return value;
    }

    /**
     * Whether a map's key is content: a template asks for keys that are names, whatever a vocabulary holds for special.
     */
    private boolean isKey(Object key) {
        return key instanceof String text
                && find(text, 0) >= 0
                && !NAME.matcher(text).matches();
    }

    private String marked(String content, String mark) {
        int i = find(content, 0);
        if (i < 0) {
            return content;
        }
        StringBuilder marked = new StringBuilder(content.length() + 8);
        int at = 0;
        for (; i >= 0; i = find(content, at)) {
            int cut = i + Character.charCount(content.codePointAt(i));
            marked.append(content, at, cut).append(mark);
            at = cut;
        }
        return marked.append(content, at, content.length()).toString();
    }

    private int find(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            if (lengthAt(text, i) > 0) {
                return i;
            }
        }
        return -1;
    }

    /** Length of the longest special spelling that begins at i, or 0. */
    private int lengthAt(String text, int i) {
        List<String> candidates = spellings.get(text.charAt(i));
        if (candidates != null) {
            for (String spelling : candidates) {
                if (text.startsWith(spelling, i)) {
                    return spelling.length();
                }
            }
        }
        return 0;
    }
}
