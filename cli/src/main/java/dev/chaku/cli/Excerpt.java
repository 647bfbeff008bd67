package dev.chaku.cli;

/** The beginning of a text of any length, for a message of one line. */
final class Excerpt {
    private static final int LONGEST = 160;

    private Excerpt() {}

    static String of(String text) {
        String line = text.replaceAll("\\s+", " ").strip();
        int characters = line.codePointCount(0, line.length());
        return characters <= LONGEST ? line : line.substring(0, line.offsetByCodePoints(0, LONGEST)) + "…";
    }
}
