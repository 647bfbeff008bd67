package dev.chaku.data.doctor;

import dev.chaku.BadInputException;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.Example;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.data.Packer;
import dev.chaku.data.doctor.Finding.Severity;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Lengths in tokens, what of them is trained, and what that means. */
final class TokenMeasure {
  private static final int BYTES_PER_TOKEN = 4;
  private static final double LITTLE = 0.02;

  private final DataDoctor.Request request;

  TokenMeasure(DataDoctor.Request request) {
    this.request = request;
  }

  DataStats run(List<Sample> samples, List<Finding> findings) {
    FindingBuilder silent = new FindingBuilder("nothing-trained", Severity.ERROR);
    FindingBuilder longer = new FindingBuilder("too-long", Severity.WARNING);
    Map<String, Integer> kinds = new TreeMap<>();
    List<EncodedExample> sequences = new ArrayList<>();
    boolean templated = request.chat() != null || samples.stream().noneMatch(TokenMeasure::needsTemplate);
    boolean measured = request.tokenizer() != null && templated;
    ExampleEncoder encoder =
        measured
            ? new ExampleEncoder(
                request.tokenizer(), request.chat(), new ExampleEncoder.Options(Integer.MAX_VALUE, OverLong.ERROR, false))
            : null;
    long characters = 0;
    for (Sample sample : samples) {
      kinds.merge(sample.kind(), 1, Integer::sum);
      characters += sample.text().length();
      int length = 0;
      try {
        for (EncodedExample sequence : encoder == null ? estimate(sample) : encoder.encode(List.of(sample.example()))) {
          length = sequence.length();
          sequences.add(sequence);
        }
      } catch (BadInputException e) {
        silent.at(sample.source(), e.getMessage().replace(sample.source() + ": ", ""));
      }
      if (length > request.maxLength()) {
        longer.at(sample.source(), length + " tokens");
      }
    }
    DataStats stats = stats(samples.size(), kinds, characters, measured, sequences);
    tell(stats, silent, longer, findings);
    return stats;
  }

  private DataStats stats(
      int examples, Map<String, Integer> kinds, long characters, boolean measured, List<EncodedExample> sequences) {
    int[] lengths = sequences.stream().mapToInt(EncodedExample::length).sorted().toArray();
    long trained = 0;
    List<EncodedExample> packed = new ArrayList<>();
    for (EncodedExample sequence : sequences) {
      for (float weight : sequence.weights()) {
        trained += weight > 0 ? 1 : 0;
      }
      int length = Math.min(sequence.length(), request.maxLength());
      packed.add(new EncodedExample(Arrays.copyOf(sequence.tokens(), length), new float[length]));
    }
    int rows = new Packer(request.maxLength(), true, 0).pack(packed).size();
    long tokens = Arrays.stream(lengths).asLongStream().sum();
    return new DataStats(
        examples, kinds, characters, measured, tokens, trained, lengths, rows, request.maxLength());
  }

  private void tell(DataStats stats, FindingBuilder silent, FindingBuilder longer, List<Finding> findings) {
    silent.into(
        findings,
        "Examples of which nothing can be trained",
        "Training stops at such an example and names it.",
        "Mend the example, or leave it out.");
    longer.into(
        findings,
        "Examples of more than " + request.maxLength() + " tokens" + (stats.measured() ? "" : " (estimated)"),
        "They are an error, or lose their end, their context or all, as the over-long policy says.",
        "Shorten them, raise the longest length, or choose truncate, split or drop.");
    if (stats.measured() && stats.tokens() > 0 && stats.coverage() < LITTLE) {
      findings.add(
          new Finding(
              "little-trained",
              Severity.NOTE,
              stats.examples(),
              String.format(Locale.ROOT, "Only %.1f %% of the tokens are trained", 100 * stats.coverage()),
              "Most of the time goes into reading prompts.",
              "Shorten the prompts, if they are the same in use.",
              List.of()));
    }
  }

  private static boolean needsTemplate(Sample sample) {
    Example example = sample.example();
    return !(example instanceof Example.Text
        || example instanceof Example.PromptCompletion
        || example instanceof Example.Tokens);
  }

  /** A sequence of about the right length; all of it trained. */
  private static List<EncodedExample> estimate(Sample sample) {
    int known = sample.example() instanceof Example.Tokens tokens ? tokens.ids().size() : 0;
    int length = known > 0 ? known : Math.max(2, 1 + sample.text().getBytes(StandardCharsets.UTF_8).length / BYTES_PER_TOKEN);
    float[] weights = new float[length];
    Arrays.fill(weights, 0, length - 1, 1);
    return List.of(new EncodedExample(new int[length], weights));
  }
}
