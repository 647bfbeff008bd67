package dev.chaku.internal.train;

import java.util.Map;

/** Watches the validation loss. Not thread-safe. */
final class EarlyStopping {
    private final int patience;
    private double best = Double.POSITIVE_INFINITY;
    private int bestStep;
    private int since;

    /** @param patience validations without a lower loss after which a run stops, 0 for never */
    EarlyStopping(int patience) {
        this.patience = patience;
    }

    /** Takes a validation's loss and says whether it is the lowest so far. A loss that is no number never is. */
    boolean isBest(double loss, int step) {
        if (loss < best) {
            best = loss;
            bestStep = step;
            since = 0;
            return true;
        }
        since++;
        return false;
    }

    boolean isOn() {
        return patience > 0;
    }

    /** Whether it is time to stop. */
    boolean stops() {
        return patience > 0 && since >= patience;
    }

    /** The step with the lowest loss, 0 before the first validation. */
    int bestStep() {
        return bestStep;
    }

    void save(Map<String, String> counters) {
        counters.put("best_loss", Double.toString(best));
        counters.put("best_step", Integer.toString(bestStep));
        counters.put("since_best", Integer.toString(since));
    }

    void restore(Map<String, String> counters) {
        best = Double.parseDouble(counters.get("best_loss"));
        bestStep = Integer.parseInt(counters.get("best_step"));
        since = Integer.parseInt(counters.get("since_best"));
    }
}
