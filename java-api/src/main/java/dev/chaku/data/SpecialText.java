package dev.chaku.data;

import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps special tokens that stand in message content from being read as such: content is data, whatever it spells.
 *
 * <p>A mark from Unicode's private use area is put inside each such spelling before the template renders it. Where the
 * rendered text has the mark, it is cut, so that the halves are encoded apart and spell nothing.
 */
final class SpecialText {
  static final char MARK = '\uF8FE';

  /** Spellings by their first character, the longest first. */
  private final Map<Character, List<String>> spellings = new HashMap<>();

  SpecialText(Collection<String> all) {
    for (String spelling : all) {
      spellings.computeIfAbsent(spelling.charAt(0), first -> new ArrayList<>()).add(spelling);
    }
    spellings.values().forEach(list -> list.sort(Comparator.comparingInt(String::length).reversed()));
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

  /** The messages with every special spelling marked in all their texts but the role; the same list when there is none. */
  List<Map<String, Object>> mark(List<Map<String, Object>> messages) {
    List<Map<String, Object>> marked = new ArrayList<>();
    boolean any = false;
    for (Map<String, Object> message : messages) {
      Map<String, Object> copy = new LinkedHashMap<>(message);
      copy.replaceAll((key, value) -> key.equals("role") ? value : markAll(value));
      any |= !copy.equals(message);
      marked.add(copy);
    }
    return any ? marked : messages;
  }

  /** Marks the texts in a value of plain Java, at any depth; keys of maps are names, not content. */
  private @Nullable Object markAll(@Nullable Object value) {
    if (value instanceof String text) {
      return find(text, 0) >= 0 ? mark(text) : text;
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> copy = new ArrayList<>(list.size());
      list.forEach(element -> copy.add(markAll(element)));
      return copy;
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
      map.forEach((key, element) -> copy.put(key, markAll(element)));
      return copy;
    }
    return value;
  }

  private String mark(String content) {
    StringBuilder marked = new StringBuilder(content.length() + 8);
    int at = 0;
    for (int i = find(content, 0); i >= 0; i = find(content, at)) {
      marked.append(content, at, i + 1).append(MARK);
      at = i + 1;
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
