package dev.chaku.data;

/**
 * An example as the trainer takes it.
 *
 * @param tokens [T] ids, at least two
 * @param weights [T]: position i counts that much for predicting token i + 1; the last is 0. Not copied
 */
public record EncodedExample(int[] tokens, float[] weights) {
    public EncodedExample {
        if (tokens.length < 2 || weights.length != tokens.length || weights[tokens.length - 1] != 0) {
            throw new IllegalArgumentException("expected two or more tokens, a weight for each, 0 for the last; got "
                    + tokens.length + " tokens and " + weights.length + " weights");
        }
    }

    /** {@return the number of tokens} */
    public int length() {
        return tokens.length;
    }

    /** {@return the sum of the weights} */
    public double weight() {
        double sum = 0;
        for (float weight : weights) {
            sum += weight;
        }
        return sum;
    }
}
