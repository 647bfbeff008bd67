package dev.chaku.internal.adapter.proof;

/**
 * How much of a change of logits another makes too: the projection of the second on the first, over all rows. What
 * rounding adds points nowhere in particular and leaves it near 1; a change that is not made leaves it near 0. A
 * constant of a row means nothing and is taken away. Not thread-safe.
 */
public final class ChangeKept {
    private double both;
    private double wanted;

    /**
     * Adds a row.
     *
     * @param from before the change
     * @param to after it
     * @param found by the other
     */
    public void add(float[] from, float[] to, float[] found) {
        double meanWanted = 0;
        double meanFound = 0;
        for (int v = 0; v < from.length; v++) {
            meanWanted += (double) to[v] - from[v];
            meanFound += (double) found[v] - from[v];
        }
        meanWanted /= from.length;
        meanFound /= from.length;
        for (int v = 0; v < from.length; v++) {
            double change = to[v] - from[v] - meanWanted;
            both += change * (found[v] - from[v] - meanFound);
            wanted += change * change;
        }
    }

    /** The share; 1 where there is no change to make. */
    public double share() {
        return wanted == 0 ? 1 : both / wanted;
    }
}
