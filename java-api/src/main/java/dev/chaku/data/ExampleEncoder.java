package dev.chaku.data;

import dev.chaku.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Examples to tokens and weights. What is trained: of a prompt with completion, the completion and the end-of-text token;
 * of a text, all of it; of a conversation, the assistant's turns with their end-of-turn token but without role headers.
 *
 * <p>Of a preference pair the better answer is trained, and of labelled answers those that are wanted.
 *
 * <p>A conversation's turns are found by rendering: what the template adds between the text with a generation prompt and
 * the text with the turn in it is the turn. Where a template rewrites earlier turns, so that one rendering is no
 * beginning of the next, the last turn alone is trained, and counted in {@link Counts#lastTurnOnly}.
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
    private int lastTurnOnly;
    private int unwanted;

    private Counts() {}

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

    /** Conversations of which only the last turn is trained, because the template rewrites earlier ones. */
    public int lastTurnOnly() {
      return lastTurnOnly;
    }
  }

  /** A run of text with one weight. */
  private record Segment(String text, float weight) {}

  private final Tokenizer tokenizer;
  private final @Nullable ChatRenderer chat;
  private final Options options;
  private final SpecialText special;
  private final Counts counts = new Counts();

  /** @param chat the model's chat template, or null if it has none: conversations are then an error */
  public ExampleEncoder(Tokenizer tokenizer, @Nullable ChatRenderer chat, Options options) {
    this.tokenizer = tokenizer;
    this.chat = chat;
    this.options = options;
    this.special = new SpecialText(tokenizer);
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

  private void encode(Example example, List<EncodedExample> into) {
    TokenRun run = new TokenRun();
    if (example instanceof Example.Text text) {
      run.add(tokenizer.encode(text.text(), true, false), 1);
      tokenizer.eos().ifPresent(eos -> run.add(new int[] {eos}, 1));
    } else if (example instanceof Example.PromptCompletion pair) {
      run.add(tokenizer.encode(pair.prompt(), true, true), options.wholeText() ? 1 : 0);
      run.add(tokenizer.encode(pair.completion(), false, false), 1);
      tokenizer.eos().ifPresent(eos -> run.add(new int[] {eos}, 1));
    } else if (example instanceof Example.Chat conversation) {
      addChat(conversation, run);
    } else if (example instanceof Example.Preference pair) {
      addChat(pair.chosenChat(), run);
    } else if (example instanceof Example.Labelled labelled) {
      if (!labelled.wanted()) {
        counts.unwanted++;
        return;
      }
      addChat(labelled.chat(), run);
    }
    fit(example, run, into);
  }

  private void addChat(Example.Chat example, TokenRun run) {
    if (chat == null) {
      throw new BadInputException(
          example.source() + ": a conversation expects a chat template, and the model has none; name one with "
              + "--chat-template, or write the data as prompt and completion");
    }
    List<Segment> segments = segments(example, chat);
    // Templates as a rule write the begin-of-text token themselves.
    String bos = tokenizer.bos().isPresent() ? tokenizer.piece(tokenizer.bos().getAsInt()) : "";
    boolean addSpecial = bos.isEmpty() || !segments.get(0).text().startsWith(bos);
    for (Segment segment : segments) {
      for (String part : segment.text().split(String.valueOf(SpecialText.MARK))) {
        run.add(tokenizer.encode(part, addSpecial, true), options.wholeText() ? 1 : segment.weight());
        addSpecial = false;
      }
    }
  }

  private List<Segment> segments(Example.Chat example, ChatRenderer renderer) {
    List<Map<String, Object>> messages = special.mark(example.messages());
    String whole = renderer.render(messages, example.tools(), false);
    List<Segment> segments = turns(example, renderer, messages, whole, 0);
    if (segments == null) {
      counts.lastTurnOnly++;
      segments = turns(example, renderer, messages, whole, lastTurn(messages));
    }
    if (segments == null) {
      throw new BadInputException(
          example.source() + ": the chat template does not let the assistant's turns be told from the rest: the text with a "
              + "generation prompt is no beginning of the text with the turn");
    }
    return segments;
  }

  private static int lastTurn(List<Map<String, Object>> messages) {
    int last = messages.size() - 1;
    while (last > 0 && !isAssistant(messages.get(last))) {
      last--;
    }
    return last;
  }

  private static boolean isAssistant(Map<String, Object> message) {
    return "assistant".equals(message.get("role"));
  }

  /** The text cut at the assistant's turns from message `first` on; null where a rendering is no beginning of it. */
  private @Nullable List<Segment> turns(
      Example.Chat example, ChatRenderer renderer, List<Map<String, Object>> messages, String whole, int first) {
    List<Segment> segments = new ArrayList<>();
    int at = 0;
    for (int i = first; i < messages.size(); i++) {
      if (!isAssistant(messages.get(i)) || i == 0) {
        continue;
      }
      String before = renderer.render(messages.subList(0, i), example.tools(), true);
      String after = i + 1 == messages.size() ? whole : renderer.render(messages.subList(0, i + 1), example.tools(), false);
      if (!whole.startsWith(before) || !whole.startsWith(after) || after.length() < before.length() || before.length() < at) {
        return null;
      }
      int end = before.length() + after.substring(before.length()).stripTrailing().length();
      segments.add(new Segment(whole.substring(at, before.length()), 0));
      segments.add(new Segment(whole.substring(before.length(), end), example.weights().get(i)));
      at = end;
    }
    if (at < whole.length()) {
      segments.add(new Segment(whole.substring(at), 0));
    }
    return segments;
  }

  private void fit(Example example, TokenRun run, List<EncodedExample> into) {
    int max = options.maxLength();
    if (run.size() > max) {
      switch (options.overLong()) {
        case ERROR ->
            throw new BadInputException(
                example.source() + ": expected at most " + max + " tokens, found " + run.size()
                    + "; raise --max-length, or choose truncate, split or drop");
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
      throw new BadInputException(
          example.source() + ": nothing in this example is trained: its completion or its assistant's turns are empty or have "
              + "the weight 0");
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
