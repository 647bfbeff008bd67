package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.train.Loss;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The losses of preferences against cases computed by hand and central differences. */
class PreferenceFormulasTest {
    /** Sums -6 and -10, of the reference -7 and -9, of 4 and 5 tokens: gains 1 and -1. */
    private static final Answer CHOSEN = new Answer(-6, -7, 4);

    private static final Answer REJECTED = new Answer(-10, -9, 5);

    private static double nll(double x) {
        return Math.log(1 + Math.exp(-x));
    }

    private static void assertLoss(double expected, PairFormula formula) {
        assertEquals(expected, formula.of(CHOSEN, REJECTED).loss(), 1e-12);
    }

    @Test
    void lossesAreThoseComputedByHand() {
        // h = 1 - -1 = 2; of means 1/4 + 1/5 = 0.45.
        assertLoss(nll(1), new DpoFormula(new Loss.Dpo(0.5, 0, false, 0)));
        assertLoss(0.8 * nll(1) + 0.2 * nll(-1), new DpoFormula(new Loss.Dpo(0.5, 0.2, false, 0)));
        assertLoss(nll(0.225), new DpoFormula(new Loss.Dpo(0.5, 0, true, 0)));
        assertLoss(nll(1) + 0.3 * 1.5, new DpoFormula(new Loss.Dpo(0.5, 0, false, 0.3)));
        assertLoss(0.8, new HingeFormula(new Loss.Hinge(0.1, false, 0)));
        assertLoss(0, new HingeFormula(new Loss.Hinge(0.6, false, 0)));
        assertLoss(0.955 + 1.5, new HingeFormula(new Loss.Hinge(0.1, true, 1)));
        assertLoss((0.45 - 5) * (0.45 - 5), new IpoFormula(new Loss.Ipo(0.1, 0)));
        // Means -1.5 and -2.
        assertLoss(nll(2 * 0.5 - 0.7), new SimPoFormula(new Loss.SimPo(2, 0.7, 0)));
        double p = Math.exp(-1.5);
        double q = Math.exp(-2);
        double ratio = Math.log(p / (1 - p) / (q / (1 - q)));
        assertLoss(1.5 + 0.3 * nll(ratio), new OrpoFormula(new Loss.Orpo(0.3)));
        // Gain 1 beside a point of 0.25.
        KtoFormula kto = new KtoFormula(new Loss.Kto(0.4, 1.5, 0.5));
        assertEquals(
                1.5 * (1 - 1 / (1 + Math.exp(-0.3))), kto.of(CHOSEN, true, 0.25).loss(), 1e-12);
        assertEquals(
                0.5 * (1 - 1 / (1 + Math.exp(0.3))), kto.of(CHOSEN, false, 0.25).loss(), 1e-12);
        assertTrue(kto.of(CHOSEN, true, 0.25).right());
        assertFalse(kto.of(CHOSEN, false, 0.25).right());
        assertEquals(0.4, kto.of(CHOSEN, true, 0.25).reward(), 1e-12);
    }

    @Test
    void rewardsAreWhatIsComparedTimesBeta() {
        PairFormula.Value dpo = new DpoFormula(new Loss.Dpo(0.5, 0, false, 0)).of(CHOSEN, REJECTED);
        assertEquals(0.5, dpo.chosenReward(), 1e-12);
        assertEquals(-0.5, dpo.rejectedReward(), 1e-12);
        PairFormula.Value simPo = new SimPoFormula(new Loss.SimPo(2, 0.7, 0)).of(CHOSEN, REJECTED);
        assertEquals(-3, simPo.chosenReward(), 1e-12);
        assertEquals(-4, simPo.rejectedReward(), 1e-12);
        Rewards rewards = Rewards.ofAnswer(true, 3).plus(Rewards.ofAnswer(true, 1));
        assertTrue(rewards.margin().isEmpty());
        assertEquals(2.5, rewards.plus(Rewards.ofAnswer(false, -0.5)).margin().orElseThrow(), 1e-12);
    }

    @Test
    void slopesAreCentralDifferences() {
        Map<String, PairFormula> formulas = Map.of(
                "dpo", new DpoFormula(new Loss.Dpo(0.5, 0, false, 0)),
                "dpo smoothed", new DpoFormula(new Loss.Dpo(0.3, 0.2, false, 0.4)),
                "dpo of means", new DpoFormula(new Loss.Dpo(2, 0.1, true, 0)),
                "hinge", new HingeFormula(new Loss.Hinge(0.1, false, 0.2)),
                "hinge of means", new HingeFormula(new Loss.Hinge(0.2, true, 0)),
                "ipo", new IpoFormula(new Loss.Ipo(0.1, 0.3)),
                "orpo", new OrpoFormula(new Loss.Orpo(0.3)),
                "simpo", new SimPoFormula(new Loss.SimPo(2, 0.7, 0.1)));
        List<Answer> answers = List.of(CHOSEN, REJECTED, new Answer(-0.3, -2, 3), new Answer(-40, -20, 11));
        double step = 1e-5;
        formulas.forEach((name, formula) -> {
            for (Answer chosen : answers) {
                for (Answer rejected : answers) {
                    PairFormula.Value value = formula.of(chosen, rejected);
                    double byChosen = (formula.of(moved(chosen, step), rejected).loss()
                                    - formula.of(moved(chosen, -step), rejected).loss())
                            / (2 * step);
                    double byRejected = (formula.of(chosen, moved(rejected, step))
                                            .loss()
                                    - formula.of(chosen, moved(rejected, -step)).loss())
                            / (2 * step);
                    String what = name + " of " + chosen + " and " + rejected;
                    assertEquals(byChosen, value.chosenSlope(), 1e-6 * (1 + Math.abs(byChosen)), what);
                    assertEquals(byRejected, value.rejectedSlope(), 1e-6 * (1 + Math.abs(byRejected)), what);
                }
            }
        });
        KtoFormula kto = new KtoFormula(new Loss.Kto(0.4, 1.5, 0.5));
        for (Answer answer : answers) {
            for (boolean wanted : new boolean[] {true, false}) {
                double difference = (kto.of(moved(answer, step), wanted, 0.25).loss()
                                - kto.of(moved(answer, -step), wanted, 0.25).loss())
                        / (2 * step);
                assertEquals(difference, kto.of(answer, wanted, 0.25).slope(), 1e-8);
            }
        }
    }

    private static Answer moved(Answer answer, double by) {
        return new Answer(answer.logProb() + by, answer.reference(), answer.weight());
    }

    @Test
    void farAwayTheyStayNumbersAndNotNumbersStayNone() {
        Answer likely = new Answer(0, -1e5, 10);
        Answer unlikely = new Answer(-1e5, 0, 10);
        for (PairFormula formula : List.of(
                new DpoFormula(Loss.Dpo.defaults()),
                new HingeFormula(Loss.Hinge.defaults()),
                new IpoFormula(Loss.Ipo.defaults()),
                new OrpoFormula(Loss.Orpo.defaults()),
                new SimPoFormula(Loss.SimPo.defaults()))) {
            for (PairFormula.Value value : List.of(formula.of(likely, unlikely), formula.of(unlikely, likely))) {
                assertTrue(
                        Double.isFinite(value.loss())
                                && Double.isFinite(value.chosenSlope())
                                && Double.isFinite(value.rejectedSlope()),
                        formula + ": " + value);
            }
            PairFormula.Value none = formula.of(new Answer(Double.NaN, 0, 10), unlikely);
            assertTrue(Double.isNaN(none.loss()) && Double.isNaN(none.chosenSlope()), formula + ": " + none);
        }
    }
}
