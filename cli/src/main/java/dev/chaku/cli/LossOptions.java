package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.train.Loss;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** What a training makes small, with the numbers of each kind. */
final class LossOptions {
    /** A kind, and the options that it has. */
    private enum Kind {
        SFT(),
        DPO("--beta", "--label-smoothing", "--length-normalised", "--nll-weight"),
        IPO("--beta", "--nll-weight"),
        HINGE("--beta", "--length-normalised", "--nll-weight"),
        ORPO("--beta"),
        SIMPO("--beta", "--gamma", "--nll-weight"),
        KTO("--beta", "--wanted-weight", "--unwanted-weight");

        private final Set<String> options;

        Kind(String... options) {
            this.options = Set.of(options);
        }
    }

    private static final List<String> ALL = List.of(
            "--beta",
            "--label-smoothing",
            "--length-normalised",
            "--nll-weight",
            "--gamma",
            "--wanted-weight",
            "--unwanted-weight");

    @Option(
            names = "--loss",
            defaultValue = "sft",
            paramLabel = "NAME",
            description =
                    "What is made small: sft imitates the answers (${DEFAULT-VALUE}). Of data with a chosen and a rejected answer: dpo, ipo, hinge, orpo or simpo. Of answers that are labelled as wanted or not: kto.")
    private String loss;

    @Option(
            names = "--beta",
            paramLabel = "X",
            description =
                    "dpo, ipo, hinge, kto: how strictly the model is held to its beginning; orpo: what the odds count (0.1). simpo: scale of the means (2).")
    private Double beta;

    @Option(
            names = "--label-smoothing",
            paramLabel = "X",
            description = "dpo: share of pairs that may be labelled the wrong way round, less than 0.5 (0).")
    private Double labelSmoothing;

    @Option(names = "--length-normalised", description = "dpo, hinge: compare means over tokens, not sums.")
    private boolean lengthNormalised;

    @Option(
            names = "--nll-weight",
            paramLabel = "X",
            description = "dpo, ipo, hinge, simpo: what imitating the chosen answer counts beside (0).")
    private Double nllWeight;

    @Option(names = "--gamma", paramLabel = "X", description = "simpo: margin that is aimed at (half of beta).")
    private Double gamma;

    @Option(names = "--wanted-weight", paramLabel = "X", description = "kto: what wanted answers count (1).")
    private Double wantedWeight;

    @Option(names = "--unwanted-weight", paramLabel = "X", description = "kto: what the others count (1).")
    private Double unwantedWeight;

    /** Checks what was given, and refuses options that the loss does not have. */
    void validate(Verb verb) {
        // Their ranges are the same whatever the loss.
        new Loss.Dpo(or(beta, 1), or(labelSmoothing, 0), lengthNormalised, or(nllWeight, 0));
        new Loss.SimPo(or(beta, 1), or(gamma, 0), 0);
        new Loss.Kto(or(beta, 1), or(wantedWeight, 1), or(unwantedWeight, 1));
        for (String option : ALL) {
            if (verb.given(option) && !kind().options.contains(option)) {
                throw verb.usage(option + " has no effect with --loss " + loss);
            }
        }
        loss();
    }

    /** Whether answers are compared, rather than imitated. */
    boolean isOfPreferences() {
        return kind() != Kind.SFT;
    }

    private Kind kind() {
        for (Kind kind : Kind.values()) {
            if (kind.name().equalsIgnoreCase(loss)) {
                return kind;
            }
        }
        throw BadInputException.ofSetting("loss", "sft, dpo, ipo, hinge, orpo, simpo or kto", "'" + loss + "'");
    }

    Loss loss() {
        double strictness = or(beta, kind() == Kind.SIMPO ? 2 : 0.1);
        return switch (kind()) {
            case SFT -> new Loss.CrossEntropy();
            case DPO -> new Loss.Dpo(strictness, or(labelSmoothing, 0), lengthNormalised, or(nllWeight, 0));
            case IPO -> new Loss.Ipo(strictness, or(nllWeight, 0));
            case HINGE -> new Loss.Hinge(strictness, lengthNormalised, or(nllWeight, 0));
            case ORPO -> new Loss.Orpo(strictness);
            case SIMPO -> new Loss.SimPo(strictness, or(gamma, strictness / 2), or(nllWeight, 0));
            case KTO -> new Loss.Kto(strictness, or(wantedWeight, 1), or(unwantedWeight, 1));
        };
    }

    private static double or(Double given, double otherwise) {
        return given != null ? given : otherwise;
    }
}
