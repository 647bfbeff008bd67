package dev.chaku.text;

/** Byte-level BPE: words of the pre-tokenizer, each merged on its own and remembered. */
final class BpeEncoder implements PlainEncoder {
    private final PreTokenizer words;
    private final BpeMerges merges;
    private final boolean ignoreMerges;
    private final boolean prefixesSpace;
    private final WordCache cache = new WordCache();

    /**
     * An encoder.
     *
     * @param ignoreMerges whether a word that is a token is that token, whatever the merges would make of it
     * @param prefixesSpace whether a space is put before each stretch of text that begins with none
     */
    BpeEncoder(PreTokenizer words, BpeMerges merges, boolean ignoreMerges, boolean prefixesSpace) {
        this.prefixesSpace = prefixesSpace;
        this.words = words;
        this.merges = merges;
        this.ignoreMerges = ignoreMerges;
    }

    @Override
    public void encode(byte[] utf8, int from, int to, boolean first, TokenBuffer out) {
        BpeMerges.Scratch scratch = new BpeMerges.Scratch();
        if (prefixesSpace && utf8[from] != ' ') {
            byte[] prefixed = new byte[to - from + 1];
            prefixed[0] = ' ';
            System.arraycopy(utf8, from, prefixed, 1, to - from);
            words.split(prefixed, 0, prefixed.length, (start, end) -> encodeWord(prefixed, start, end, scratch, out));
        } else {
            words.split(utf8, from, to, (start, end) -> encodeWord(utf8, start, end, scratch, out));
        }
    }

    private void encodeWord(byte[] utf8, int from, int to, BpeMerges.Scratch scratch, TokenBuffer out) {
        boolean brief = to - from <= WordCache.MAX_WORD_BYTES;
        if (brief && cache.find(utf8, from, to, out)) {
            return;
        }
        int before = out.size();
        int whole = ignoreMerges ? merges.wholeToken(utf8, from, to) : -1;
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
