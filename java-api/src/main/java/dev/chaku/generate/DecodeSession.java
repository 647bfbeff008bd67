package dev.chaku.generate;

import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** What generation needs of a model: a text that grows token by token. Not thread-safe, but for {@link #cancel}. */
public interface DecodeSession {
  /** V. */
  int vocabSize();

  /** Most tokens that the text may have. */
  int capacity();

  /**
   * Forgets all but what a new text has in common with the present one, and at least the new text's last token.
   *
   * @param tokens the new text, not empty
   * @return how many of its tokens need not be appended
   */
  int startWith(int[] tokens);

  /**
   * Appends tokens.
   *
   * @param from index of the first
   * @param n how many, at least 1
   * @param logits direct; gets the V logits of what follows the last, from its position on; null if they are not needed
   * @throws dev.chaku.OperationCancelledException if {@link #cancel} was called meanwhile; the text is as before
   */
  void append(int[] tokens, int from, int n, @Nullable FloatBuffer logits);

  /**
   * Appends tokens and says of each what follows it.
   *
   * @param from index of the first
   * @param n how many, at least 1
   * @param logits direct; gets n rows of V logits from its position on
   * @throws dev.chaku.OperationCancelledException if {@link #cancel} was called meanwhile; the text is as before
   */
  void appendForAll(int[] tokens, int from, int n, FloatBuffer logits);

  /** Makes the computation under way, if any, end soon. Any thread. */
  void cancel();
}
