package dev.chaku.cli;

import java.util.Locale;

/** Numbers with their nouns. */
final class Words {
  private Words() {}

  /** "1 step", "1,200 steps". */
  static String count(long n, String noun) {
    return String.format(Locale.ROOT, "%,d %s%s", n, noun, n == 1 ? "" : "s");
  }
}
