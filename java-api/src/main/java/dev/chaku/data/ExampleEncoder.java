package dev.chaku.data;

import dev.chaku.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Examples to tokens and weights. What is trained: of a prompt with completion, the completion and the end-of-text token;
 * of a text, all of it; of a conversation, the assistant's turns with their end-of-turn token but without role headers.
 *
 * <p>Of a preference pair the better answer is trained, and of labelled answers those that are wanted.
 *
 * <p>A conversation's turns are found by rendering: what the template adds between the text with a generation prompt and
 * the text with the turn in it is the turn. Where a template rewrites earlier turns, so that one rendering is no
 * beginning of the next, each of those becomes a sequence of its own, the conversation up to it, as the model sees it when
 * it answers there; such conversations are counted in {@link Counts#turnsApart}. Prompt and
 * answer are tokenized apart, as they are when the model answers.
 *
 * <p>Thread-safe but for the counts, which belong to one thread.
 */
public final class ExampleEncoder {
  /**
   * How examples are encoded.
   *
   * @param maxLength longest sequence, in tokens
   * @param overLong what becomes of longer ones
   * @param wholeText whether every token is trained, prompts and role headers included
   */
  public record Options(int maxLength, OverLong overLong, boolean wholeText) {}

  /** What became of the examples so far. */
  public static final class Counts {
    private int truncated;
    private int split;
    private int dropped;
    private int turnsApart;
    private int unwanted;

    private Counts() {}

    void add(Counts other) {
      truncated += other.truncated;
      split += other.split;
      dropped += other.dropped;
      turnsApart += other.turnsApart;
      unwanted += other.unwanted;
    }

    public int truncated() {
      return truncated;
    }

    public int split() {
      return split;
    }

    public int dropped() {
      return dropped;
    }

    /** Answers labelled as not wanted, which are left out. */
    public int unwanted() {
      return unwanted;
    }

    /** Conversations of which turns became sequences of their own, because the template rewrites earlier turns. */
    public int turnsApart() {
      return turnsApart;
    }
  }

  private final Tokenizer tokenizer;
  private final @Nullable ChatRenderer chat;
  private final Options options;
  private final SpecialText special;
  private final SeamEncoder seam;
  private final Counts counts = new Counts();

  /** @param chat the model's chat template, or null if it has none: conversations are then an error */
  public ExampleEncoder(Tokenizer tokenizer, @Nullable ChatRenderer chat, Options options) {
    this(tokenizer, chat, options, SpecialText.of(tokenizer), new SeamEncoder(tokenizer));
  }

  private ExampleEncoder(
      Tokenizer tokenizer, @Nullable ChatRenderer chat, Options options, SpecialText special, SeamEncoder seam) {
    this.tokenizer = tokenizer;
    this.chat = chat;
    this.options = options;
    this.special = special;
    this.seam = seam;
  }

  /** An encoder that does the same and counts from nothing. */
  ExampleEncoder another() {
    return new ExampleEncoder(tokenizer, chat, options, special, seam);
  }

  public Counts counts() {
    return counts;
  }

  /**
   * Encodes examples, in order.
   *
   * @throws BadInputException if one has nothing to train, is too long under {@link OverLong#ERROR}, or is a
   *     conversation and there is no template
   */
  public List<EncodedExample> encode(List<Example> examples) {
    List<EncodedExample> encoded = new ArrayList<>(examples.size());
    for (Example example : examples) {
      encode(example, encoded);
    }
    return encoded;
  }

  /**
   * Encodes examples on threads of its own, a bounded number ahead of the caller, who is given the sequences in order: the
   * same as by {@link #encode(List)}, without holding them all.
   *
   * @param examples read on these threads, as is a chat renderer's text rendered
   * @throws BadInputException as {@link #encode(List)}, of the first that is wrong
   * @throws dev.chaku.OperationCancelledException if this thread is interrupted
   */
  public void encodeAhead(List<Example> examples, Consumer<EncodedExample> into) {
    new AheadEncoder(this, examples).run(into);
  }

  /**
   * A preference pair as the losses over pairs take it.
   *
   * @param chosen the prompt with the better answer, which alone has weights, and with the worse
   */
  public record EncodedPair(EncodedExample chosen, EncodedExample rejected) {}

  /**
   * Encodes a preference pair; nothing where an answer is too long and the policy leaves it out.
   *
   * @throws BadInputException as {@link #encode(List)}, or if pairs are to be split, which makes no pairs
   */
  public Optional<EncodedPair> encodePair(Example.Preference pair) {
    if (options.overLong() == OverLong.SPLIT) {
      throw new BadInputException("a preference pair cannot be split; choose error, truncate or drop");
    }
    List<EncodedExample> chosen = new ArrayList<>();
    List<EncodedExample> rejected = new ArrayList<>();
    encodeChat(pair.chosenChat(), chosen);
    encodeChat(pair.rejectedChat(), rejected);
    return chosen.isEmpty() || rejected.isEmpty()
        ? Optional.empty()
        : Optional.of(new EncodedPair(chosen.get(chosen.size() - 1), rejected.get(rejected.size() - 1)));
  }

  void encode(Example example, List<EncodedExample> into) {
    if (example instanceof Example.Chat conversation) {
      encodeChat(conversation, into);
    } else if (example instanceof Example.Preference pair) {
      encodeChat(pair.chosenChat(), into);
    } else if (example instanceof Example.Labelled labelled) {
      if (labelled.wanted()) {
        encodeChat(labelled.chat(), into);
      } else {
        counts.unwanted++;
      }
    } else {
      TokenRun run = new TokenRun();
      if (example instanceof Example.Text text) {
        run.add(tokenizer.encode(text.text(), true, false), 1);
      } else if (example instanceof Example.PromptCompletion pair) {
        run.add(tokenizer.encode(pair.prompt(), true, true), options.wholeText() ? 1 : 0);
        run.add(seam.encode(pair.completion(), run.last(), false), 1);
      }
      if (example instanceof Example.Tokens tokens) {
        addTokens(tokens, run);
      } else if (tokenizer.eos().isPresent()) {
        run.add(new int[] {tokenizer.eos().getAsInt()}, 1);
      }
      fit(example, run, into);
    }
  }

  private void addTokens(Example.Tokens tokens, TokenRun run) {
    for (int i = 0; i < tokens.ids().size(); i++) {
      int id = tokens.ids().get(i);
      if (id < 0 || id >= tokenizer.vocabSize()) {
        throw new BadInputException(
            tokens.source() + ": expected token ids below " + tokenizer.vocabSize() + ", found " + id
                + "; the data were made for another vocabulary");
      }
      run.add(new int[] {id}, options.wholeText() ? 1 : tokens.weights().get(i));
    }
  }

  private void encodeChat(Example.Chat example, List<EncodedExample> into) {
    if (chat == null) {
      throw new BadInputException(
          example.source() + ": a conversation expects a chat template, and the model has none; name one with "
              + "Trainer.chat, or write the data as prompt and completion");
    }
    ChatMask mask = new ChatMask(chat, special);
    ChatMask.Cut cut = mask.cut(example);
    boolean trained = options.wholeText() || cut.segments().stream().anyMatch(segment -> segment.weight() > 0);
    if (trained) {
      fit(example, run(cut), into);
    } else if (cut.missed().isEmpty()) {
      throw nothingTrained(example);
    }
    counts.turnsApart += cut.missed().isEmpty() ? 0 : 1;
    for (int turn : cut.missed()) {
      ChatMask.Cut alone = mask.cut(upTo(example, turn));
      if (alone.turns() == 0) {
        throw new BadInputException(
            example.source() + ": the chat template does not let the assistant's turns be told from the rest: the text "
                + "with a generation prompt is no beginning of the text with the turn");
      }
      fit(example, run(alone), into);
    }
  }

  /** The conversation up to a turn, which alone counts. */
  private static Example.Chat upTo(Example.Chat example, int turn) {
    List<Float> weights = new ArrayList<>(Collections.nCopies(turn, 0f));
    weights.add(example.weights().get(turn));
    return new Example.Chat(example.source(), example.messages().subList(0, turn + 1), weights, example.tools());
  }

  private TokenRun run(ChatMask.Cut cut) {
    TokenRun run = new TokenRun();
    // Templates as a rule write the begin-of-text token themselves.
    String bos = tokenizer.bos().isPresent() ? tokenizer.piece(tokenizer.bos().getAsInt()) : "";
    boolean addSpecial = bos.isEmpty() || !cut.segments().get(0).text().startsWith(bos);
    for (ChatMask.Segment segment : cut.segments()) {
      for (String part : cut.marked().parts(segment.text())) {
        float weight = options.wholeText() ? 1 : segment.weight();
        int[] tokens =
            run.size() == 0 ? tokenizer.encode(part, addSpecial, true) : seam.encode(part, run.last(), true);
        run.add(tokens, weight);
      }
    }
    return run;
  }

  private static BadInputException nothingTrained(Example example) {
    return new BadInputException(
        example.source() + ": nothing in this example is trained: its completion or its assistant's turns are empty or "
            + "have the weight 0");
  }

  private void fit(Example example, TokenRun run, List<EncodedExample> into) {
    int max = options.maxLength();
    if (run.size() > max) {
      switch (options.overLong()) {
        case ERROR ->
            throw new BadInputException(
                example.source() + ": expected at most " + max + " tokens, found " + run.size()
                    + "; raise TrainingConfig.maxLength, or choose truncate, split or drop");
        case DROP -> {
          counts.dropped++;
          return;
        }
        case TRUNCATE -> {
          counts.truncated++;
          EncodedExample head = run.slice(0, max);
          if (head.weight() > 0) {
            into.add(head);
          } else {
            counts.dropped++;
          }
          return;
        }
        case SPLIT -> {
          counts.split++;
          for (int from = 0; from + 1 < run.size(); from += max) {
            EncodedExample piece = run.slice(from, Math.min(run.size(), from + max));
            if (piece.weight() > 0) {
              into.add(piece);
            }
          }
          return;
        }
      }
    }
    EncodedExample encoded = run.size() < 2 ? null : run.slice(0, run.size());
    if (encoded == null || !(encoded.weight() > 0)) {
      throw nothingTrained(example);
    }
    into.add(encoded);
  }

  /** Tokens with the weight of each as a target. */
  private static final class TokenRun {
    private int[] tokens = new int[64];
    private float[] targetWeights = new float[64];
    private int n;

    int size() {
      return n;
    }

    /** The last token, or -1. */
    int last() {
      return n == 0 ? -1 : tokens[n - 1];
    }

    void add(int[] more, float weight) {
      if (n + more.length > tokens.length) {
        int room = Math.max(2 * tokens.length, n + more.length);
        tokens = Arrays.copyOf(tokens, room);
        targetWeights = Arrays.copyOf(targetWeights, room);
      }
      System.arraycopy(more, 0, tokens, n, more.length);
      Arrays.fill(targetWeights, n, n + more.length, weight);
      n += more.length;
    }

    /** The weight of a position is that of the token after it. */
    EncodedExample slice(int from, int to) {
      float[] weights = new float[to - from];
      System.arraycopy(targetWeights, from + 1, weights, 0, to - from - 1);
      return new EncodedExample(Arrays.copyOfRange(tokens, from, to), weights);
    }
  }
}
