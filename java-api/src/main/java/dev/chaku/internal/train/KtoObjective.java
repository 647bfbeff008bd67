package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.EngineTrainer;
import java.util.List;

/**
 * The loss over labelled answers. In a row each stands beside the answer of another example to its prompt: the latter
 * make the reference point of a step, before its gradients. A step's loss is the mean over its answers.
 */
final class KtoObjective implements Objective {
    /** Of the two neighbours. */
    private static final int OWN = 0;

    private static final int STRAY = 1;

    private final KtoFormula formula;
    private final ReferenceScores.Part reference;
    private double point;

    KtoObjective(KtoFormula formula, ReferenceScores.Part reference) {
        this.formula = formula;
        this.reference = reference;
    }

    @Override
    public void begin(EngineTrainer core, List<PackedRow> rows, Runnable beforeEach) {
        double gains = 0;
        long n = 0;
        for (PackedRow row : rows) {
            beforeEach.run();
            RowAnswers strays = RowAnswers.every(row, STRAY, 2);
            for (Answer stray : strays.answers(core.logProbs(strays.batch(0), false), reference.sums())) {
                gains += stray.gain();
                n++;
            }
        }
        point = Math.max(0, gains / n);
    }

    @Override
    public RowLoss accumulate(EngineTrainer core, PackedRow row, long index) {
        RowAnswers answers = RowAnswers.every(row, OWN, 2);
        double[] slopes = new double[answers.size()];
        RowLoss loss = loss(answers, core.logProbs(answers.batch(index), true), slopes);
        return loss.withBalance(
                core.backward(answers.batch(index, slopes), loss.weightSum()).balance());
    }

    @Override
    public RowLoss evaluate(EngineTrainer core, PackedRow row) {
        RowAnswers answers = RowAnswers.every(row, OWN, 2);
        return loss(answers, core.logProbs(answers.batch(0), false), new double[answers.size()]);
    }

    /** @param slopes gets the derivative of the loss by each answer's log-probability */
    private RowLoss loss(RowAnswers row, double[] logProbs, double[] slopes) {
        Answer[] answers = row.answers(logProbs, reference.sums());
        RowLoss loss = RowLoss.NONE;
        for (int i = 0; i < answers.length; i++) {
            boolean wanted = reference.wanted(row.example(i) / 2);
            KtoFormula.Value value = formula.of(answers[i], wanted, point);
            slopes[i] = value.slope();
            loss = loss.plus(new RowLoss(
                    value.loss(), 1, value.right() ? 1 : 0, 1, 0, Rewards.ofAnswer(wanted, value.reward())));
        }
        return loss;
    }
}
