package dev.chaku.train;

import dev.chaku.errors.BadInputException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How the learning rate goes on after the warm-up. A kind that has numbers of its own is a record with them. */
public sealed interface Decay {
    /** It stays. */
    record Constant() implements Decay {
        @Override
        public double rateAt(double highest, double done) {
            return highest;
        }
    }

    /** It falls to 0 in a straight line. */
    record Linear() implements Decay {
        @Override
        public double rateAt(double highest, double done) {
            return highest * (1 - done);
        }
    }

    /** It falls to 0 along half a cosine. */
    record Cosine() implements Decay {
        @Override
        public double rateAt(double highest, double done) {
            return highest * (1 + Math.cos(Math.PI * done)) / 2;
        }
    }

    /**
     * {@return the learning rate at a step}
     *
     * @param highest the one at the end of the warm-up
     * @param done the share of the steps after the warm-up that is done, from 0 to below 1
     */
    double rateAt(double highest, double done);

    /** {@return the name, as the command line and {@code config.json} write it} */
    default String label() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    /**
     * {@return the kind of a name}
     *
     * @param name as {@link #label} writes it, in any case
     * @throws BadInputException for an unknown one
     */
    static Decay parse(String name) {
        List<Decay> all = List.of(new Constant(), new Linear(), new Cosine());
        return all.stream()
                .filter(decay -> decay.label().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting(
                        "schedule",
                        all.stream().map(Decay::label).collect(Collectors.joining(", ")),
                        "'" + name + "'"));
    }
}
