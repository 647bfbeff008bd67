package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;
import java.util.function.Function;

/** Prompts and completions: where one ends and the other begins, what all share, capitals. */
final class PromptCheck implements Check {
  private static final int FEWEST = 10;
  private static final int LONG_PREFIX_CHARS = 30;
  private static final double SHOUTING = 0.6;

  @Override
  public void run(List<Sample> all, List<Finding> findings) {
    capitals(all, findings);
    List<Sample> pairs = all.stream().filter(s -> s.example() instanceof Example.PromptCompletion).toList();
    if (pairs.size() < FEWEST) {
      return;
    }
    if (common(pairs, Sample::prompt, true).isEmpty()) {
      one(
          findings,
          "no-separator",
          Severity.NOTE,
          "Prompts end in no common separator",
          "Without a mark that the prompt ends, the model may go on with the question instead of answering it.",
          "End every prompt alike, for instance in a line break and \"Answer:\"; in use, do the same.");
    }
    String prefix = common(pairs, Sample::prompt, false);
    if (prefix.length() >= LONG_PREFIX_CHARS) {
      one(
          findings,
          "common-prompt-prefix",
          Severity.NOTE,
          "All prompts begin with \"" + FindingBuilder.shortened(prefix) + "\"",
          "The model learns the task from the examples; the instruction then costs time in training and in use.",
          "Take it out, unless other tasks are trained beside this one.");
    }
    String answerPrefix = common(pairs, Sample::answer, false);
    if (answerPrefix.strip().length() >= 5) {
      one(
          findings,
          "common-answer-prefix",
          Severity.WARNING,
          "All completions begin with \"" + FindingBuilder.shortened(answerPrefix) + "\"",
          "The words are learned at once and then cost tokens in every answer.",
          "Move them to the end of the prompt.");
    }
    seam(pairs, findings);
  }

  /** A completion that begins without white space after a prompt that ends without it makes one word of two. */
  private static void seam(List<Sample> pairs, List<Finding> findings) {
    FindingBuilder glued = new FindingBuilder("glued-completion", Severity.WARNING);
    FindingBuilder doubled = new FindingBuilder("double-space", Severity.NOTE);
    for (Sample pair : pairs) {
      if (pair.prompt().isEmpty() || pair.answer().isEmpty()) {
        continue;
      }
      int end = pair.prompt().codePointBefore(pair.prompt().length());
      int begin = pair.answer().codePointAt(0);
      if (isSpaced(end) && isSpaced(begin)) {
        glued.at(pair.source(), "…" + tail(pair.prompt()) + "|" + pair.answer());
      } else if (end == ' ' && begin == ' ') {
        doubled.at(pair.source(), "");
      }
    }
    glued.into(
        findings,
        "Completions that follow the prompt without a space",
        "The tokens of a word depend on the space before it: the model learns rare tokens for common words.",
        "Begin the completion with a space, or end the prompt in a line break.");
    doubled.into(
        findings,
        "Two spaces where prompt and completion meet",
        "Most vocabularies have words with one space before them, so two make rare tokens.",
        "Take the space at the end of the prompt away.");
  }

  /** A letter or digit of a script that puts spaces between words. */
  private static boolean isSpaced(int c) {
    return Character.isLetterOrDigit(c) && !Character.isIdeographic(c)
        && Character.UnicodeScript.of(c) != Character.UnicodeScript.HIRAGANA
        && Character.UnicodeScript.of(c) != Character.UnicodeScript.KATAKANA;
  }

  private static String tail(String text) {
    return text.substring(text.offsetByCodePoints(text.length(), -Math.min(12, text.codePointCount(0, text.length()))));
  }

  private static void capitals(List<Sample> samples, List<Finding> findings) {
    FindingBuilder shouting = new FindingBuilder("upper-case", Severity.NOTE);
    for (Sample sample : samples) {
      long letters = sample.answer().chars().filter(c -> Character.isUpperCase(c) || Character.isLowerCase(c)).count();
      long capitals = sample.answer().chars().filter(Character::isUpperCase).count();
      if (letters >= 20 && capitals > SHOUTING * letters) {
        shouting.at(sample.source(), sample.answer());
      }
    }
    shouting.into(
        findings,
        "Answers mostly in capitals",
        "Words in capitals take more tokens, and the model knows them less well.",
        "Write them in lower case, unless capitals are wanted.");
  }

  /** What all texts begin or end with. */
  static String common(List<Sample> samples, Function<Sample, String> part, boolean atEnd) {
    String shared = part.apply(samples.get(0));
    for (Sample sample : samples) {
      String text = part.apply(sample);
      int n = 0;
      int most = Math.min(shared.length(), text.length());
      while (n < most && charAt(shared, n, atEnd) == charAt(text, n, atEnd)) {
        n++;
      }
      shared = atEnd ? shared.substring(shared.length() - n) : shared.substring(0, n);
      if (shared.isEmpty()) {
        break;
      }
    }
    return shared;
  }

  private static char charAt(String text, int i, boolean fromEnd) {
    return text.charAt(fromEnd ? text.length() - 1 - i : i);
  }

  private static void one(
      List<Finding> findings, String id, Severity severity, String title, String why, String fix) {
    findings.add(new Finding(id, severity, 1, title, why, fix, List.of()));
  }
}
