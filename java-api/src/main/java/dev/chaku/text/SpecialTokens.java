package dev.chaku.text;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Finds the tokens of a vocabulary that are written out in a text: control tokens, and those that users defined, which
 * are tokens wherever they occur. Immutable and thread-safe.
 *
 * <p>Longer tokens are looked for first, over the whole text, and each from left to right. Most positions of most texts
 * cannot begin a special token, which the first byte tells.
 */
final class SpecialTokens {
  private final Vocabulary vocabulary;

  /** By first byte, the lengths that special tokens with this byte have; null where there are none. */
  private final BitSet[] lengths = new BitSet[256];

  /** A stretch of text, or the special token that stands for it if {@code token} is not -1. */
  record Fragment(int from, int to, int token) {}

  SpecialTokens(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    for (int id = 0; id < vocabulary.size(); id++) {
      if (vocabulary.has(id, Vocabulary.CONTROL | Vocabulary.USER_DEFINED | Vocabulary.UNKNOWN)) {
        byte[] spelling = vocabulary.spelling(id);
        int first = spelling[0] & 0xff;
        if (lengths[first] == null) {
          lengths[first] = new BitSet();
        }
        lengths[first].set(spelling.length);
      }
    }
  }

  /**
   * Splits text at its special tokens.
   *
   * @param control whether control and unknown tokens are looked for too, not only user-defined ones
   */
  List<Fragment> split(byte[] utf8, boolean control) {
    List<Fragment> fragments = new ArrayList<>();
    if (utf8.length > 0) {
      fragments.add(new Fragment(0, utf8.length, Vocabulary.NONE));
    }
    BitSet found = lengthsThatOccur(utf8, control);
    for (int length = found.length() - 1; length > 0; length = found.previousSetBit(length - 1)) {
      List<Fragment> split = new ArrayList<>();
      for (Fragment fragment : fragments) {
        if (fragment.token() == Vocabulary.NONE) {
          splitAt(utf8, fragment, length, control, split);
        } else {
          split.add(fragment);
        }
      }
      fragments = split;
    }
    return fragments;
  }

  private BitSet lengthsThatOccur(byte[] utf8, boolean control) {
    BitSet found = new BitSet();
    for (int i = 0; i < utf8.length; i++) {
      BitSet candidates = lengths[utf8[i] & 0xff];
      if (candidates == null) {
        continue;
      }
      for (int length = candidates.nextSetBit(0); length > 0 && length <= utf8.length - i; length = candidates.nextSetBit(length + 1)) {
        if (!found.get(length) && tokenAt(utf8, i, length, control) != Vocabulary.NONE) {
          found.set(length);
        }
      }
    }
    return found;
  }

  private void splitAt(byte[] utf8, Fragment fragment, int length, boolean control, List<Fragment> out) {
    int from = fragment.from();
    int position = from;
    while (position + length <= fragment.to()) {
      BitSet candidates = lengths[utf8[position] & 0xff];
      int token = candidates != null && candidates.get(length) ? tokenAt(utf8, position, length, control) : Vocabulary.NONE;
      if (token == Vocabulary.NONE) {
        position++;
        continue;
      }
      int end = position;
      while (vocabulary.has(token, Vocabulary.STRIPS_LEFT) && end > from && isSpace(utf8[end - 1])) {
        end--;
      }
      if (end > from) {
        out.add(new Fragment(from, end, Vocabulary.NONE));
      }
      out.add(new Fragment(position, position + length, token));
      position += length;
      while (vocabulary.has(token, Vocabulary.STRIPS_RIGHT) && position < fragment.to() && isSpace(utf8[position])) {
        position++;
      }
      from = position;
    }
    if (from < fragment.to()) {
      out.add(new Fragment(from, fragment.to(), Vocabulary.NONE));
    }
  }

  private int tokenAt(byte[] utf8, int from, int length, boolean control) {
    int token = vocabulary.find(utf8, from, from + length);
    if (token == Vocabulary.NONE) {
      return Vocabulary.NONE;
    }
    boolean hidden = !control && vocabulary.has(token, Vocabulary.CONTROL | Vocabulary.UNKNOWN);
    boolean special = vocabulary.has(token, Vocabulary.CONTROL | Vocabulary.USER_DEFINED | Vocabulary.UNKNOWN);
    return special && !hidden ? token : Vocabulary.NONE;
  }

  /** The white space of the C locale. */
  private static boolean isSpace(byte value) {
    return value == ' ' || value >= '\t' && value <= '\r';
  }
}
