package dev.chaku.arch;

/**
 * The angles of a rotary position embedding.
 *
 * <p>Plain: pair i of n/2 turns by f_i = base^(-2i/n) radians per position [1]. A model that was stretched to longer texts
 * changes f_i:
 *
 * <ul>
 *   <li>linear: f_i / factor, as if positions were closer together [2];
 *   <li>per-pair factors from the file (llama 3): f_i / factor_i;
 *   <li>yarn [3]: pairs that turn often within the original context keep f_i, those that turn less than once are
 *       interpolated, f_i / factor, and those between are blended; attention becomes sharper by the magnitude
 *       1 + 0.1 ln(factor), which multiplies sine and cosine of query and key alike.
 * </ul>
 *
 * <p>[1] Su et al., RoFormer, arXiv 2104.09864. [2] Chen et al., arXiv 2306.15595. [3] Peng et al., YaRN, arXiv 2309.00071.
 */
sealed interface RopeScaling {
  /** No change. */
  record None() implements RopeScaling {}

  /** Every frequency divided by the factor. */
  record Linear(double factor) implements RopeScaling {}

  /**
   * Yarn.
   *
   * @param originalContext tokens that the model was trained for before it was stretched
   * @param betaFast turns within the original context above which a pair keeps its frequency
   * @param betaSlow turns below which it is interpolated
   * @param logMultiplier not 0: the magnitude is divided by 1 + 0.1 logMultiplier ln(factor)
   */
  record Yarn(double factor, int originalContext, double betaFast, double betaSlow, double logMultiplier)
      implements RopeScaling {}

  /** f_i of a plain rotation of n dimensions. */
  static double[] plain(int dims, double base) {
    double[] frequencies = new double[dims / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(base, -2.0 * i / dims);
    }
    return frequencies;
  }

  /** The stretched frequencies. */
  default double[] apply(double[] plain, double base) {
    double[] scaled = plain.clone();
    if (this instanceof Linear linear) {
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] /= linear.factor();
      }
    } else if (this instanceof Yarn yarn) {
      int dims = 2 * plain.length;
      double low = Math.max(0, Math.floor(pairTurning(yarn.betaFast(), yarn.originalContext(), dims, base)));
      double high = Math.min(dims - 1, Math.ceil(pairTurning(yarn.betaSlow(), yarn.originalContext(), dims, base)));
      for (int i = 0; i < scaled.length; i++) {
        double interpolated = Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)));
        scaled[i] = plain[i] / yarn.factor() * interpolated + plain[i] * (1 - interpolated);
      }
    }
    return scaled;
  }

  /** What sine and cosine are multiplied by. */
  default double magnitude() {
    if (this instanceof Yarn yarn) {
      double sharper = 1 + 0.1 * Math.log(yarn.factor());
      return yarn.logMultiplier() == 0 || yarn.factor() <= 1
          ? sharper
          : sharper / (1 + 0.1 * yarn.logMultiplier() * Math.log(yarn.factor()));
    }
    return 1;
  }

  /** The (fractional) pair that makes this many turns within the original context. */
  private static double pairTurning(double turns, int originalContext, int dims, double base) {
    return dims * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(base));
  }
}
