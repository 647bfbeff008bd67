package dev.chaku.internal.adapter.merge;

/**
 * Keeps each value with a probability and divides it by that, so that the mean stays.
 *
 * @param density the probability
 * @param seed decides which
 */
record RandomPruning(double density, long seed) implements Pruning {
    @Override
    public Pruner of(Values values, String key) {
        if (density == 1) {
            return Pruning.none().of(values, key);
        }
        CounterRandom random = new CounterRandom(seed, key);
        double scale = 1 / density;
        long share = CounterRandom.share(density);
        return (all, from, count, first) -> {
            for (int i = 0; i < count; i++) {
                long stays = random.isBelow(share, first + i);
                all[from + i] = Double.longBitsToDouble(Double.doubleToRawLongBits(all[from + i] * scale) & stays);
            }
        };
    }
}
