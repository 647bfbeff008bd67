package dev.chaku.internal.engine;

/**
 * A row of packed sequences. Sequence s holds the tokens [starts[s], starts[s+1]); positions restart in each, and
 * attention stays within it. Position i is trained to predict targets[i] with weights[i]. The arrays are not copied.
 *
 * @param index counter of the micro-batch over the whole run: fixes its dropout
 * @param tokens [T] ids
 * @param targets [T] ids, ignored where the weight is 0
 * @param weights [T], at least 0, but for a backward pass alone
 * @param starts [sequences + 1], from 0 to T
 */
public record TrainingBatch(long index, int[] tokens, int[] targets, float[] weights, int[] starts) {
    public TrainingBatch {
        if (targets.length != tokens.length || weights.length != tokens.length) {
            throw new IllegalArgumentException("expected as many targets and weights as tokens (" + tokens.length
                    + "), got " + targets.length + " and " + weights.length);
        }
        if (starts.length < 2 || starts[0] != 0 || starts[starts.length - 1] != tokens.length) {
            throw new IllegalArgumentException(
                    "expected starts from 0 to " + tokens.length + " of at least one sequence");
        }
    }

    public int sequences() {
        return starts.length - 1;
    }
}
