package dev.chaku;

import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.train.TrainingConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run trains on and validates on, encoded and checked. Immutable.
 *
 * @param examples at least one, all with something to train
 * @param evalExamples often empty
 * @param counts what became of records of a data set; zeros if the examples came encoded
 */
record TrainingData(List<EncodedExample> examples, List<EncodedExample> evalExamples, Counts counts) {
  /**
   * What became of records.
   *
   * @param truncated cut at the longest length
   * @param split made into several sequences
   * @param dropped left out
   * @param turnsApart conversations of which turns became sequences of their own
   */
  record Counts(int truncated, int split, int dropped, int turnsApart) {
    private static Counts of(ExampleEncoder.Counts counts) {
      return new Counts(counts.truncated(), counts.split(), counts.dropped(), counts.turnsApart());
    }
  }

  /** Takes encoded examples. */
  static TrainingData of(
      Model model, TrainingConfig config, List<EncodedExample> examples, List<EncodedExample> evalExamples) {
    return checked(model, config, examples, evalExamples, new Counts(0, 0, 0, 0));
  }

  /**
   * Encodes data sets.
   *
   * @param evalData or null
   * @param evalSplit share of the data that is set aside in its place, 0 for none
   */
  static TrainingData encode(
      Model model,
      TrainingConfig config,
      Dataset data,
      @Nullable Dataset evalData,
      double evalSplit,
      ExampleEncoder encoder) {
    if (evalSplit > 0) {
      if (evalData != null) {
        throw new BadInputException("validation: expected data of its own or a share of the training data, found both");
      }
      Dataset.Split parts = data.split(evalSplit, config.seed());
      List<EncodedExample> train = encoder.encode(parts.train());
      return checked(model, config, train, encoder.encode(parts.eval()), Counts.of(encoder.counts()));
    }
    List<EncodedExample> train = encoder.encode(data.examples());
    List<EncodedExample> eval = evalData == null ? List.of() : encoder.encode(evalData.examples());
    return checked(model, config, train, eval, Counts.of(encoder.counts()));
  }

  private static TrainingData checked(
      Model model, TrainingConfig config, List<EncodedExample> examples, List<EncodedExample> eval, Counts counts) {
    if (examples.isEmpty()) {
      throw new BadInputException(
          "no example to train on" + (counts.dropped() > 0 ? ": all " + counts.dropped() + " were left out" : ""));
    }
    check(model, config, "example", examples);
    check(model, config, "validation example", eval);
    // What trains nothing costs time, and a step of such alone would have no loss.
    TrainingData data = new TrainingData(withWeight(examples), withWeight(eval), counts);
    if (config.earlyStopping() > 0 && data.evalExamples.isEmpty()) {
      throw new BadInputException("early stopping needs validation examples, or a share of the data set aside");
    }
    return data;
  }

  private static List<EncodedExample> withWeight(List<EncodedExample> list) {
    return list.stream().filter(example -> example.weight() > 0).toList();
  }

  private static void check(Model model, TrainingConfig config, String what, List<EncodedExample> list) {
    int longest = Math.min(config.maxLength(), model.contextLength());
    double weight = 0;
    for (int i = 0; i < list.size(); i++) {
      EncodedExample example = list.get(i);
      if (example.length() > longest) {
        throw new BadInputException(
            what + " " + (i + 1) + ": expected at most " + longest + " tokens (max length " + config.maxLength()
                + ", context length of the model " + model.contextLength() + "), found " + example.length());
      }
      for (int token : example.tokens()) {
        if (token < 0 || token >= model.vocabSize()) {
          throw new BadInputException(
              what + " " + (i + 1) + ": expected token ids below " + model.vocabSize() + ", found " + token);
        }
      }
      weight += example.weight();
    }
    if (!list.isEmpty() && !(weight > 0)) {
      throw new BadInputException("no token of any " + what + " is trained: every weight is 0");
    }
  }

  /** All tokens of an epoch, trained or not. */
  long tokens() {
    return examples.stream().mapToLong(EncodedExample::length).sum();
  }

  /** Tokens of an epoch that count. */
  long trainedTokens() {
    long n = 0;
    for (EncodedExample example : examples) {
      for (float weight : example.weights()) {
        n += weight > 0 ? 1 : 0;
      }
    }
    return n;
  }
}
