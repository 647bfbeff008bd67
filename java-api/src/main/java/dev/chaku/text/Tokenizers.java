package dev.chaku.text;

import dev.chaku.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.text.Vocabulary.Settings;
import java.util.List;
import java.util.OptionalInt;

/**
 * Makes tokenizers from the {@code tokenizer.ggml.*} metadata of GGUF files: SentencePiece ({@code llama}), byte-level
 * BPE ({@code gpt2}) and WordPiece ({@code bert}). They give the ids that llama.cpp gives, and where that differs from the
 * tokenizer.json that a file was made from, the ids of the tokenizer.json (docs/tokenizers.md).
 */
public final class Tokenizers {
  private static final String MODEL = "tokenizer.ggml.model";
  private static final String MERGES = "tokenizer.ggml.merges";
  private static final int NONE = Vocabulary.NONE;

  private Tokenizers() {}

  /** The tokenizer of a model file, see {@link #of(GgufMetadata)}. */
  public static Tokenizer of(GgufFile file) {
    return of(file.metadata());
  }

  /**
   * The tokenizer that metadata describe, which is immutable and thread-safe.
   *
   * @throws BadInputException if the kind of tokenizer or pre-tokenizer is not known, which names it and those that
   *     are, or if the vocabulary is missing or contradicts itself
   */
  public static Tokenizer of(GgufMetadata metadata) {
    String model = metadata.requireString(MODEL);
    return switch (model) {
      case "llama" -> sentencePiece(metadata);
      case "gpt2" -> bytePairs(metadata);
      case "bert" -> wordPiece(metadata);
      default -> throw new BadInputException(
          metadata.source() + ": metadata key '" + MODEL + "' names the unknown tokenizer '" + model
              + "'; known are llama, gpt2, bert");
    };
  }

  /**
   * The token with which the chat template in the metadata ends an assistant's turn, if it writes none that ends a text
   * by its spelling or by a key.
   *
   * @throws BadInputException if the vocabulary is missing or contradicts itself
   */
  public static OptionalInt turnEnd(GgufMetadata metadata) {
    int id = new Vocabulary(metadata, new Settings(NONE, NONE, NONE, NONE, false, false, false, false)).turnEnd();
    return id == NONE ? OptionalInt.empty() : OptionalInt.of(id);
  }

  private static Tokenizer sentencePiece(GgufMetadata metadata) {
    Vocabulary vocabulary = new Vocabulary(metadata, new Settings(1, 2, 0, NONE, true, false, true, false));
    return new GgufTokenizer(
        vocabulary, new SpmEncoder(vocabulary), new Detokenizer(vocabulary, false), bosAndEos(vocabulary));
  }

  private static Tokenizer bytePairs(GgufMetadata metadata) {
    // An absent name means the default, which few models were trained with, but which llama.cpp takes as well.
    String name = metadata.findString("tokenizer.ggml.pre").filter(pre -> !pre.isEmpty()).orElse("default");
    PreTokenizer words = PreTokenizer.ofName(metadata.source(), name);
    int bos = words.hasDefaultBos() ? 11 : NONE;
    Vocabulary vocabulary =
        new Vocabulary(metadata, new Settings(bos, 11, NONE, NONE, words.addBos(), false, false, words.cleanSpaces()));
    // Kimi K2's converter writes no merges: its words are tokens, or bytes.
    GgufArray.Strings merges = name.equals("kimi-k2") && !metadata.has(MERGES) ? GgufArray.Strings.of(List.of())
        : metadata.requireStrings(MERGES);
    BpeMerges bpe = new BpeMerges(metadata.requireStrings("tokenizer.ggml.tokens"), merges);
    return new GgufTokenizer(
        vocabulary, new BpeEncoder(words, bpe), new Detokenizer(vocabulary, true), bosAndEos(vocabulary));
  }

  private static Tokenizer wordPiece(GgufMetadata metadata) {
    Vocabulary vocabulary = new Vocabulary(metadata, new Settings(101, NONE, 100, 102, true, false, false, true));
    Settings settings = vocabulary.settings();
    if (settings.bos() == NONE || settings.separator() == NONE) {
      throw new BadInputException(
          metadata.source() + ": a WordPiece vocabulary expects a token before and one after each text, "
          + "'tokenizer.ggml.bos_token_id' and 'tokenizer.ggml.seperator_token_id', found "
          + (settings.bos() == NONE ? "no first" : "no second"));
    }
    boolean lowercase = metadata.findBool("tokenizer.ggml.normalizer.lowercase").orElse(true);
    boolean stripAccents = metadata.findBool("tokenizer.ggml.normalizer.strip_accents").orElse(lowercase);
    return new GgufTokenizer(
        vocabulary, new WordPieceEncoder(vocabulary, lowercase, stripAccents), new Detokenizer(vocabulary, false),
        new GgufTokenizer.Frame(settings.bos(), settings.separator()));
  }

  private static GgufTokenizer.Frame bosAndEos(Vocabulary vocabulary) {
    Settings settings = vocabulary.settings();
    return new GgufTokenizer.Frame(
        settings.addBos() ? settings.bos() : NONE, settings.addEos() ? settings.eos() : NONE);
  }
}
