package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.List;

/**
 * What a training makes small. Each kind is a record with its own numbers.
 *
 * <p>In the formulas of preferences c and r are the sums of the log-probabilities of the chosen and the rejected
 * answer's tokens, in nats and by their weights; ref c and ref r are those of the model as the training begins, which
 * is the base while an adapter is new; means are sums by the number of tokens; s is the logistic function.
 */
public sealed interface Loss extends SettingGroup {
    /** What of a data set a loss is computed of. */
    enum Data {
        /** Examples of any kind, each on its own. */
        EXAMPLES,
        /** Prompts with a chosen and a rejected answer. */
        PAIRS,
        /** Prompts with an answer that is wanted or not. */
        LABELLED
    }

    /** {@return what it is computed of} */
    Data data();

    /** {@return whether it is computed of answers beside the answers of the model as the training begins} */
    default boolean needsReference() {
        return false;
    }

    /** The loss of imitation: -log of the probability of each trained token, in nats, by its weight. */
    record CrossEntropy() implements Loss {
        @Override
        public Data data() {
            return Data.EXAMPLES;
        }

        /** None, and no name of its own: what older descriptions of runs do not name. */
        @Override
        public List<Setting> settings() {
            return List.of();
        }
    }

    /**
     * Direct preference optimization (Rafailov et al., 2023): -log s(beta h), h = (c - ref c) - (r - ref r).
     *
     * @param beta how strictly the model is held to its beginning, above 0; 0.1 as a rule
     * @param labelSmoothing share e of pairs that are taken to be labelled the wrong way round, at least 0 and less
     *     than 0.5: -(1 - e) log s(beta h) - e log s(-beta h)
     * @param lengthNormalised whether h is of means in place of sums
     * @param nllWeight what the mean cross-entropy of the chosen answer counts beside, at least 0
     */
    record Dpo(double beta, double labelSmoothing, boolean lengthNormalised, double nllWeight) implements Loss {
        /** @throws BadInputException if a setting is out of its range */
        public Dpo {
            requireBeta(beta);
            require(
                    labelSmoothing >= 0 && labelSmoothing < 0.5,
                    "label smoothing",
                    "at least 0 and less than 0.5",
                    labelSmoothing);
            requireWeight("nll weight", nllWeight);
        }

        /** {@return beta 0.1, nothing else} */
        public static Dpo defaults() {
            return new Dpo(0.1, 0, false, 0);
        }

        @Override
        public Data data() {
            return Data.PAIRS;
        }

        @Override
        public boolean needsReference() {
            return true;
        }

        @Override
        public List<Setting> settings() {
            return List.of(
                    Setting.of("loss", "dpo"),
                    Setting.of("beta", beta),
                    Setting.of("label_smoothing", labelSmoothing),
                    Setting.of("length_normalised", lengthNormalised),
                    Setting.of("nll_weight", nllWeight));
        }
    }

    /**
     * DPO by a hinge (Zhao et al., 2023): max(0, 1 - beta h), h as in {@link Dpo}.
     *
     * @param beta the reciprocal of the margin, above 0
     * @param lengthNormalised whether h is of means in place of sums
     * @param nllWeight what the mean cross-entropy of the chosen answer counts beside, at least 0
     */
    record Hinge(double beta, boolean lengthNormalised, double nllWeight) implements Loss {
        /** @throws BadInputException if a setting is out of its range */
        public Hinge {
            requireBeta(beta);
            requireWeight("nll weight", nllWeight);
        }

        /** {@return beta 0.1, nothing else} */
        public static Hinge defaults() {
            return new Hinge(0.1, false, 0);
        }

        @Override
        public Data data() {
            return Data.PAIRS;
        }

        @Override
        public boolean needsReference() {
            return true;
        }

        @Override
        public List<Setting> settings() {
            return List.of(
                    Setting.of("loss", "hinge"),
                    Setting.of("beta", beta),
                    Setting.of("length_normalised", lengthNormalised),
                    Setting.of("nll_weight", nllWeight));
        }
    }

    /**
     * Identity preference optimization (Azar et al., 2023): (h - 1 / (2 beta))^2, h as in {@link Dpo} of means.
     *
     * @param beta the reciprocal of twice the margin that is aimed at, above 0; 0.1 as a rule
     * @param nllWeight what the mean cross-entropy of the chosen answer counts beside, at least 0
     */
    record Ipo(double beta, double nllWeight) implements Loss {
        /** @throws BadInputException if a setting is out of its range */
        public Ipo {
            requireBeta(beta);
            requireWeight("nll weight", nllWeight);
        }

        /** {@return beta 0.1, nothing else} */
        public static Ipo defaults() {
            return new Ipo(0.1, 0);
        }

        @Override
        public Data data() {
            return Data.PAIRS;
        }

        @Override
        public boolean needsReference() {
            return true;
        }

        @Override
        public List<Setting> settings() {
            return List.of(Setting.of("loss", "ipo"), Setting.of("beta", beta), Setting.of("nll_weight", nllWeight));
        }
    }

    /**
     * Odds ratio preference optimization (Hong et al., 2024): the mean cross-entropy of the chosen answer, less beta
     * log s(log odds(c) - log odds(r)), odds(x) = p / (1 - p) of p = e^mean(x). Without a reference.
     *
     * @param beta what the odds count, above 0; 0.1 as a rule (lambda in the paper)
     */
    record Orpo(double beta) implements Loss {
        /** @throws BadInputException if a setting is out of its range */
        public Orpo {
            requireBeta(beta);
        }

        /** {@return beta 0.1} */
        public static Orpo defaults() {
            return new Orpo(0.1);
        }

        @Override
        public Data data() {
            return Data.PAIRS;
        }

        @Override
        public List<Setting> settings() {
            return List.of(Setting.of("loss", "orpo"), Setting.of("beta", beta));
        }
    }

    /**
     * Simple preference optimization (Meng et al., 2024): -log s(beta (mean c - mean r) - gamma). Without a reference.
     *
     * @param beta scale of the means, above 0; 2 to 2.5 as a rule
     * @param gamma margin that is aimed at, at least 0; half of beta as a rule
     * @param nllWeight what the mean cross-entropy of the chosen answer counts beside, at least 0
     */
    record SimPo(double beta, double gamma, double nllWeight) implements Loss {
        /** @throws BadInputException if a setting is out of its range */
        public SimPo {
            requireBeta(beta);
            requireWeight("gamma", gamma);
            requireWeight("nll weight", nllWeight);
        }

        /** {@return beta 2, gamma 1, nothing else} */
        public static SimPo defaults() {
            return new SimPo(2, 1, 0);
        }

        @Override
        public Data data() {
            return Data.PAIRS;
        }

        @Override
        public List<Setting> settings() {
            return List.of(
                    Setting.of("loss", "simpo"),
                    Setting.of("beta", beta),
                    Setting.of("gamma", gamma),
                    Setting.of("nll_weight", nllWeight));
        }
    }

    /**
     * Kahneman-Tversky optimization (Ethayarajh et al., 2024), of answers without a counterpart: with q = a - ref a of
     * an answer a, the wanted weight times 1 - s(beta (q - z)) where it is wanted, else the unwanted weight times 1 -
     * s(beta (z - q)). z, at least 0, is the mean q of the prompts of an optimizer step, each with the answer of the
     * example before its own in the data set (the first with the last one's): as the model is before the step, without
     * dropout, and not differentiated.
     *
     * @param beta how strictly the model is held to its beginning, above 0; 0.1 as a rule
     * @param wantedWeight what wanted answers count, at least 0
     * @param unwantedWeight what others count, at least 0; by the paper the two weights times the numbers of such
     *     answers should stand between 1:1 and 4:3
     */
    record Kto(double beta, double wantedWeight, double unwantedWeight) implements Loss {
        /** @throws BadInputException if a setting is out of its range */
        public Kto {
            requireBeta(beta);
            requireWeight("wanted weight", wantedWeight);
            requireWeight("unwanted weight", unwantedWeight);
            require(wantedWeight + unwantedWeight > 0, "wanted weight", "one weight above 0", wantedWeight);
        }

        /** {@return beta 0.1, equal weights} */
        public static Kto defaults() {
            return new Kto(0.1, 1, 1);
        }

        @Override
        public Data data() {
            return Data.LABELLED;
        }

        @Override
        public boolean needsReference() {
            return true;
        }

        @Override
        public List<Setting> settings() {
            return List.of(
                    Setting.of("loss", "kto"),
                    Setting.of("beta", beta),
                    Setting.of("wanted_weight", wantedWeight),
                    Setting.of("unwanted_weight", unwantedWeight));
        }
    }

    private static void requireBeta(double beta) {
        require(beta > 0 && beta <= 1000, "beta", "more than 0 and at most 1000", beta);
    }

    private static void requireWeight(String name, double value) {
        require(value >= 0 && value <= 1000, name, "at least 0 and at most 1000", value);
    }
}
