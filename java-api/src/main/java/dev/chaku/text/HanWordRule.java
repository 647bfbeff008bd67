package dev.chaku.text;

/**
 * The words of Kimi K2: runs of Han, and words as in {@link WordRule} but without Han and with a contraction at their
 * end rather than on its own.
 */
final class HanWordRule implements MatchRule {
  private static final int MAX_DIGITS = 3;
  private static final CodePointSet HAN = CodePointSet.of(0, "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
      + "\ud840\udc00-\ud869\udedf\ud869\udf00-\ud87a\udfef\ud87e\udc00-\ud87e\ude1f");

  @Override
  public int match(byte[] utf8, int at, int end) {
    int han = HAN.runEnd(utf8, at, end);
    if (han > at) {
      return han;
    }
    int first = CodePoints.at(utf8, at, end);
    int classes = CodePoints.classOf(first);
    if ((classes & CodePoints.NUMBER) != 0) {
      return WordRule.digitsEnd(utf8, at, end, MAX_DIGITS);
    }
    int second = at + CodePoints.length(utf8[at]);
    boolean isLetter = (classes & CodePoints.LETTER) != 0;
    if (isLetter || !CodePoints.isNewline(first)) {
      int start = isLetter ? at : second;
      int word = wordEnd(utf8, start, end);
      if (word > start) {
        return Contractions.match(utf8, word, end, true);
      }
    }
    int start = first == ' ' ? second : at;
    int punctuation = Gpt2Rule.otherEnd(utf8, start, end);
    return punctuation > start ? WordRule.newlinesEnd(utf8, punctuation, end) : WhiteSpace.match(utf8, at, end, true);
  }

  private static int wordEnd(byte[] utf8, int from, int end) {
    int position = from;
    while (position < end) {
      int codePoint = CodePoints.at(utf8, position, end);
      if (!CodePoints.is(codePoint, CodePoints.LETTER) || HAN.has(codePoint)) {
        break;
      }
      position += CodePoints.length(utf8[position]);
    }
    return position;
  }
}
