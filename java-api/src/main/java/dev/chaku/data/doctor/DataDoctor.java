package dev.chaku.data.doctor;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Examines data sets before they are trained on: defects that stop training, that teach what is wrong, that waste time or
 * give away what is confidential. Nothing is changed; {@link DataFixer} writes a mended copy. Thread-safe.
 */
public final class DataDoctor {
  private static final int FEWEST_EXAMPLES = 10;
  private static final int FEW_EXAMPLES = 50;

  /**
   * What is to be examined.
   *
   * @param data the training data
   * @param test data that must not be among them, or null
   * @param tokenizer of the model that is to be trained, or null: lengths are then estimated
   * @param chat its chat template, or null
   * @param maxLength longest sequence that is to be trained, in tokens
   */
  public record Request(
      Dataset data,
      @Nullable Dataset test,
      @Nullable Tokenizer tokenizer,
      @Nullable ChatRenderer chat,
      int maxLength) {
    public Request {
      if (maxLength < 2) {
        throw new IllegalArgumentException("expected a length of at least 2 tokens, got " + maxLength);
      }
    }
  }

  private DataDoctor() {}

  /** Runs every check. */
  public static DataReport check(Request request) {
    List<Sample> samples = samples(request.data());
    List<Finding> findings = new ArrayList<>();
    counts(request.data(), findings);
    List<Check> checks =
        new ArrayList<>(
            List.of(
                new RoleCheck(),
                new AnswerCheck(),
                new PromptCheck(),
                new ConsistencyCheck(),
                new DuplicateCheck(),
                new SecretCheck(),
                new CharacterCheck()));
    if (request.test() != null) {
      checks.add(new LeakCheck(samples(request.test())));
    }
    checks.forEach(check -> check.run(samples, findings));
    DataStats stats = new TokenMeasure(request).run(samples, findings);
    findings.sort(Comparator.comparing(Finding::severity));
    return new DataReport(findings, stats);
  }

  static List<Sample> samples(Dataset data) {
    return data.examples().stream().map(Sample::of).toList();
  }

  private static void counts(Dataset data, List<Finding> findings) {
    if (data.skippedLines() > 0) {
      List<Finding.Place> places =
          data.skippedReasons().stream().map(reason -> new Finding.Place("", reason)).toList();
      findings.add(
          new Finding(
              "bad-lines",
              Severity.ERROR,
              data.skippedLines(),
              "Lines that are no example",
              "They are left out, or stop the training.",
              "Mend or remove them.",
              places));
    }
    int n = data.examples().size();
    if (n < FEW_EXAMPLES) {
      findings.add(
          new Finding(
              "few-examples",
              n < FEWEST_EXAMPLES ? Severity.WARNING : Severity.NOTE,
              n,
              n == 1 ? "1 example" : n + " examples",
              "With so few a model learns them by heart; a change of behaviour takes from " + FEW_EXAMPLES
                  + " to some hundreds.",
              "Write more, as different from each other as the questions in use are.",
              List.of()));
    }
  }
}
