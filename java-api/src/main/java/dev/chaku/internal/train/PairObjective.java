package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.EngineTrainer;

/**
 * A loss over pairs, which stand side by side in rows: forward for the log-probabilities of all answers, the
 * derivatives by them, and backward with these. A step's loss is the mean over its pairs.
 */
final class PairObjective implements Objective {
    private final PairFormula formula;
    private final ReferenceScores.Part reference;

    PairObjective(PairFormula formula, ReferenceScores.Part reference) {
        this.formula = formula;
        this.reference = reference;
    }

    @Override
    public RowLoss accumulate(EngineTrainer core, PackedRow row, long index) {
        RowAnswers answers = RowAnswers.all(row);
        double[] slopes = new double[answers.size()];
        RowLoss loss = loss(answers, core.logProbs(answers.batch(index), true), slopes);
        return loss.withBalance(
                core.backward(answers.batch(index, slopes), loss.weightSum()).balance());
    }

    @Override
    public RowLoss evaluate(EngineTrainer core, PackedRow row) {
        RowAnswers answers = RowAnswers.all(row);
        return loss(answers, core.logProbs(answers.batch(0), false), new double[answers.size()]);
    }

    /** @param slopes gets the derivative of the loss by each answer's log-probability */
    private RowLoss loss(RowAnswers row, double[] logProbs, double[] slopes) {
        Answer[] answers = row.answers(logProbs, reference.sums());
        RowLoss loss = RowLoss.NONE;
        for (int chosen = 0; chosen < answers.length; chosen += 2) {
            PairFormula.Value value = formula.of(answers[chosen], answers[chosen + 1]);
            slopes[chosen] = value.chosenSlope();
            slopes[chosen + 1] = value.rejectedSlope();
            loss = loss.plus(new RowLoss(
                    value.loss(),
                    1,
                    value.chosenReward() > value.rejectedReward() ? 1 : 0,
                    1,
                    0,
                    Rewards.ofPair(value.chosenReward(), value.rejectedReward())));
        }
        return loss;
    }
}
