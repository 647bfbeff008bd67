package dev.chaku.data;

import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keeps special tokens that stand in message content from being read as such: content is data, whatever it spells.
 *
 * <p>A mark from Unicode's private use area is put inside each such spelling before the template renders it. Where the
 * rendered text has the mark, it is cut, so that the halves are encoded apart and spell nothing.
 */
final class SpecialText {
  static final char MARK = '\uF8FE';

  private final Pattern specials;

  /** @param specials matches the spellings of special tokens */
  SpecialText(Pattern specials) {
    this.specials = specials;
  }

  SpecialText(Tokenizer tokenizer) {
    List<String> spellings = new ArrayList<>();
    for (int id = 0; id < tokenizer.vocabSize(); id++) {
      if (tokenizer.isSpecial(id) && tokenizer.piece(id).length() > 1) {
        spellings.add(Pattern.quote(tokenizer.piece(id)));
      }
    }
    specials = Pattern.compile(spellings.isEmpty() ? "(?!)" : String.join("|", spellings));
  }

  /** Where the last special token that lies within the range ends, or -1. */
  int lastEnd(String text, int from, int to) {
    Matcher matcher = specials.matcher(text).region(from, Math.max(from, to));
    int end = -1;
    while (matcher.find()) {
      end = matcher.end();
    }
    return end;
  }

  /** The messages with every special spelling in a content marked; the same list when there is none. */
  List<Map<String, Object>> mark(List<Map<String, Object>> messages) {
    boolean any = messages.stream().anyMatch(m -> m.get("content") instanceof String s && specials.matcher(s).find());
    if (!any) {
      return messages;
    }
    List<Map<String, Object>> marked = new ArrayList<>();
    for (Map<String, Object> message : messages) {
      Map<String, Object> copy = new LinkedHashMap<>(message);
      if (message.get("content") instanceof String content) {
        copy.put("content", mark(content));
      }
      marked.add(copy);
    }
    return marked;
  }

  private String mark(String content) {
    return specials
        .matcher(content)
        .replaceAll(
            found -> Matcher.quoteReplacement(found.group().charAt(0) + String.valueOf(MARK) + found.group().substring(1)));
  }
}
