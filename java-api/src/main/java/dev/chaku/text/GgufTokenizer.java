package dev.chaku.text;

import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/** A vocabulary, a way to encode plain text, and what stands around a text. */
final class GgufTokenizer implements Tokenizer {
  private final Vocabulary vocabulary;
  private final PlainEncoder encoder;
  private final SpecialTokens specials;
  private final Detokenizer detokenizer;
  private final Frame frame;

  /** What goes around a text; -1 for nothing. */
  record Frame(int before, int after) {}

  GgufTokenizer(Vocabulary vocabulary, PlainEncoder encoder, Detokenizer detokenizer, Frame frame) {
    this.vocabulary = vocabulary;
    this.encoder = encoder;
    this.detokenizer = detokenizer;
    this.frame = frame;
    this.specials = new SpecialTokens(vocabulary);
  }

  @Override
  public int vocabSize() {
    return vocabulary.size();
  }

  @Override
  public int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    TokenBuffer out = new TokenBuffer();
    if (addSpecial && frame.before() >= 0) {
      out.add(frame.before());
    }
    boolean afterSpecial = true;
    for (SpecialTokens.Fragment fragment : specials.split(utf8, parseSpecial)) {
      afterSpecial = encode(utf8, fragment, afterSpecial, out);
    }
    if (addSpecial && frame.after() >= 0) {
      out.add(frame.after());
    }
    return out.toArray();
  }

  /** Encodes a fragment and tells whether it was a special token. */
  private boolean encode(byte[] utf8, SpecialTokens.Fragment fragment, boolean afterSpecial, TokenBuffer out) {
    if (fragment.token() >= 0) {
      out.add(fragment.token());
      return true;
    }
    encoder.encode(utf8, fragment.from(), fragment.to(), afterSpecial, out);
    return false;
  }

  @Override
  public String decode(int[] ids, boolean withSpecial) {
    for (int id : ids) {
      check(id);
    }
    return detokenizer.decode(ids, withSpecial);
  }

  @Override
  public TokenDecoder decoder(boolean withSpecial) {
    return new Utf8Decoder(detokenizer, withSpecial);
  }

  @Override
  public String piece(int id) {
    check(id);
    return new String(vocabulary.spelling(id), StandardCharsets.UTF_8);
  }

  @Override
  public boolean isSpecial(int id) {
    check(id);
    return vocabulary.has(id, Vocabulary.CONTROL | Vocabulary.UNKNOWN);
  }

  @Override
  public boolean isEndOfGeneration(int id) {
    check(id);
    return vocabulary.isEnd(id);
  }

  @Override
  public OptionalInt bos() {
    return optional(vocabulary.settings().bos());
  }

  @Override
  public OptionalInt eos() {
    return optional(vocabulary.settings().eos());
  }

  @Override
  public OptionalInt idOf(String piece) {
    return optional(vocabulary.find(piece));
  }

  private void check(int id) {
    if (id < 0 || id >= vocabulary.size()) {
      throw new IndexOutOfBoundsException("token id " + id + " is not in [0, " + vocabulary.size() + ")");
    }
  }

  private static OptionalInt optional(int id) {
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
