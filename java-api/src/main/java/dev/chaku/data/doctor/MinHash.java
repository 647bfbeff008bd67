package dev.chaku.data.doctor;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds texts that are nearly equal without comparing all with all.
 *
 * <p>A text is the set of its runs of five characters, in lower case and with white space taken together. The smallest
 * value of a random hash over a set is equal for two sets with a probability that is their Jaccard similarity [1]. Eight
 * bands of four such values each bring texts together that are similar: at 0.9 with 0.9998, at 0.5 with 0.4. What comes
 * together is then compared exactly.
 *
 * <p>[1] A. Broder, On the resemblance and containment of documents, 1997. Not thread-safe.
 */
final class MinHash {
  static final double SIMILAR = 0.85;
  private static final int RUN = 5;
  private static final int BANDS = 8;
  private static final int ROWS = 4;
  private static final int CANDIDATES = 8;

  private final Map<Long, int[]> buckets = new HashMap<>();
  private final Map<Integer, String> texts = new HashMap<>();

  /** Keeps a text under a number, to be found by {@link #similar}. */
  void add(int number, String text) {
    String normal = normal(text);
    texts.put(number, normal);
    for (long key : bandKeys(normal)) {
      buckets.merge(key, new int[] {number}, MinHash::joined);
    }
  }

  /** The number of a text kept before that is nearly equal to this one, or null. */
  @Nullable Integer similar(String text) {
    String normal = normal(text);
    Set<Integer> seen = new HashSet<>();
    Set<Long> runs = null;
    for (long key : bandKeys(normal)) {
      for (int candidate : buckets.getOrDefault(key, new int[0])) {
        if (seen.add(candidate)) {
          runs = runs == null ? runs(normal) : runs;
          if (jaccard(runs, runs(texts.get(candidate))) >= SIMILAR) {
            return candidate;
          }
        }
      }
    }
    return null;
  }

  static double similarity(String a, String b) {
    return jaccard(runs(normal(a)), runs(normal(b)));
  }

  /** Buckets stay small: in a data set of near copies each finds one of the first. */
  private static int[] joined(int[] old, int[] more) {
    if (old.length >= CANDIDATES) {
      return old;
    }
    int[] both = Arrays.copyOf(old, old.length + 1);
    both[old.length] = more[0];
    return both;
  }

  static String normal(String text) {
    return text.toLowerCase(Locale.ROOT).replaceAll("\\s+", " ").strip();
  }

  private static long[] bandKeys(String text) {
    int[] least = new int[BANDS * ROWS];
    Arrays.fill(least, Integer.MAX_VALUE);
    for (int i = 0; i == 0 || i + RUN <= text.length(); i++) {
      long hash = run(text, i);
      // Two independent halves give any number of hash functions (Kirsch and Mitzenmacher, 2006).
      int a = (int) hash;
      int b = (int) (hash >>> 32) | 1;
      for (int k = 0; k < least.length; k++) {
        int value = (a + k * b) * 0x9E3779B1;
        value = (value ^ value >>> 15) & Integer.MAX_VALUE;
        if (value < least[k]) {
          least[k] = value;
        }
      }
    }
    long[] keys = new long[BANDS];
    for (int band = 0; band < BANDS; band++) {
      long key = band + 1;
      for (int row = 0; row < ROWS; row++) {
        key = mix(key * 31 + least[band * ROWS + row]);
      }
      keys[band] = key;
    }
    return keys;
  }

  private static long run(String text, int from) {
    long hash = 0xcbf29ce484222325L;
    for (int i = from; i < Math.min(text.length(), from + RUN); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  private static long mix(long x) {
    long y = (x ^ x >>> 32) * 0xd6e8feb86659fd93L;
    return y ^ y >>> 32;
  }

  private static Set<Long> runs(String text) {
    Set<Long> runs = new HashSet<>();
    for (int i = 0; i == 0 || i + RUN <= text.length(); i++) {
      runs.add(run(text, i));
    }
    return runs;
  }

  private static double jaccard(Set<Long> a, Set<Long> b) {
    long both = a.stream().filter(b::contains).count();
    return (double) both / (a.size() + b.size() - both);
  }
}
