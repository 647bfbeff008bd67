package dev.chaku.text;

/** Byte-level BPE: words of the pre-tokenizer, each merged on its own and remembered. */
final class BpeEncoder implements PlainEncoder {
  private final PreTokenizer words;
  private final BpeMerges merges;
  private final WordCache cache = new WordCache();

  BpeEncoder(PreTokenizer words, BpeMerges merges) {
    this.words = words;
    this.merges = merges;
  }

  @Override
  public void encode(byte[] utf8, int from, int to, boolean afterSpecial, TokenBuffer out) {
    BpeMerges.Scratch scratch = new BpeMerges.Scratch();
    words.split(utf8, from, to, (start, end) -> encodeWord(utf8, start, end, scratch, out));
  }

  private void encodeWord(byte[] utf8, int from, int to, BpeMerges.Scratch scratch, TokenBuffer out) {
    boolean brief = to - from <= WordCache.MAX_WORD_BYTES;
    if (brief && cache.find(utf8, from, to, out)) {
      return;
    }
    int before = out.size();
    int whole = words.ignoreMerges() ? merges.wholeToken(utf8, from, to) : -1;
    if (whole >= 0) {
      out.add(whole);
    } else {
      merges.encode(utf8, from, to, scratch, out);
    }
    if (brief) {
      cache.put(utf8, from, to, out.toArray(before));
    }
  }
}
