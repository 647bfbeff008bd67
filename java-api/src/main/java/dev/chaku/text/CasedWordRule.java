package dev.chaku.text;

/**
 * Words cut where capitals follow small letters, as GPT-4o and Tekken do: {@code
 * p?U*L+c?|p?U+L*c?|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+}, where U is a letter that is not
 * {@code a-z}, L a letter that is not {@code A-Z}, p {@code [^\r\n\p{L}\p{N}]} and c an English contraction.
 *
 * <p>Case counts in ASCII only: that is how llama.cpp reads these patterns, and files are made for it.
 */
final class CasedWordRule implements MatchRule {
  private final int maxDigits;
  private final boolean contractions;

  CasedWordRule(int maxDigits, boolean contractions) {
    this.maxDigits = maxDigits;
    this.contractions = contractions;
  }

  @Override
  public int match(byte[] utf8, int at, int end) {
    int first = CodePoints.at(utf8, at, end);
    int classes = CodePoints.classOf(first);
    if ((classes & CodePoints.NUMBER) != 0) {
      return WordRule.digitsEnd(utf8, at, end, maxDigits);
    }
    int second = at + CodePoints.length(utf8[at]);
    boolean isLetter = (classes & CodePoints.LETTER) != 0;
    if (isLetter || !CodePoints.isNewline(first)) {
      int start = isLetter ? at : second;
      int word = wordEnd(utf8, start, end);
      if (word > start) {
        return contractions ? Contractions.match(utf8, word, end, true) : word;
      }
    }
    int start = first == ' ' ? second : at;
    int punctuation = Gpt2Rule.otherEnd(utf8, start, end);
    if (punctuation > start) {
      while (punctuation < end && (CodePoints.isNewline(utf8[punctuation]) || utf8[punctuation] == '/')) {
        punctuation++;
      }
      return punctuation;
    }
    return WhiteSpace.match(utf8, at, end, true);
  }

  /** The end of {@code U*L+|U+L*}, or {@code from}. */
  private static int wordEnd(byte[] utf8, int from, int end) {
    int position = from;
    int afterUncased = from;
    while (isLetterBut(utf8, position, end, 'a', 'z')) {
      int length = CodePoints.length(utf8[position]);
      position += length;
      if (length > 1) {
        afterUncased = position;
      }
    }
    int capitals = position;
    while (isLetterBut(utf8, position, end, 'A', 'Z')) {
      position += CodePoints.length(utf8[position]);
    }
    if (position > capitals) {
      return position;
    }
    // No small letter follows: U* gives back capitals until L+ finds a letter without case, if there is one.
    return afterUncased > from ? afterUncased : capitals;
  }

  private static boolean isLetterBut(byte[] utf8, int position, int end, char first, char last) {
    int codePoint = CodePoints.at(utf8, position, end);
    return CodePoints.is(codePoint, CodePoints.LETTER) && (codePoint < first || codePoint > last);
  }
}
