package dev.chaku.internal.quantize;

/**
 * What encoding cost.
 *
 * @param squaredError sum of (decoded - original)²
 * @param squares sum of original²
 */
public record ErrorSums(double squaredError, double squares) {
    public static final ErrorSums NONE = new ErrorSums(0, 0);

    public ErrorSums plus(ErrorSums other) {
        return new ErrorSums(squaredError + other.squaredError, squares + other.squares);
    }

    /** Root-mean-square error over root-mean-square value; 0 of nothing. */
    public double relative() {
        return squares == 0 ? 0 : Math.sqrt(squaredError / squares);
    }
}
