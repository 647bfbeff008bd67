package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Starting points of a training: how much is trained, how often, how fast. The help gives the reason for each. */
enum TrainPreset {
    QUICK(8, 1, 3e-4, 0),
    BALANCED(16, 3, 2e-4, 0),
    THOROUGH(32, 5, 1e-4, 0),
    STYLE(8, 2, 1e-4, 0.05),
    FORMAT(16, 3, 2e-4, 0),
    LABELS(8, 5, 2e-4, 0.1),
    DOMAIN(64, 2, 1e-4, 0);

    final int rank;
    final int epochs;
    final double learningRate;
    final double dropout;

    TrainPreset(int rank, int epochs, double learningRate, double dropout) {
        this.rank = rank;
        this.epochs = epochs;
        this.learningRate = learningRate;
        this.dropout = dropout;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Its numbers as the help has them. */
    String numbers() {
        return "rank " + rank + ", " + Words.count(epochs, "epoch") + ", "
                + String.format(Locale.ROOT, "%.0e", learningRate).replace("e-0", "e-")
                + (dropout > 0 ? ", dropout " + dropout : "");
    }

    static TrainPreset parse(String name) {
        return Arrays.stream(values())
                .filter(preset -> preset.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting(
                        "preset",
                        "one of "
                                + Arrays.stream(values())
                                        .map(TrainPreset::label)
                                        .collect(Collectors.joining(", ")),
                        "'" + name + "'"));
    }
}
