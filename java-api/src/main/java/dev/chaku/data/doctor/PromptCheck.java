package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;

/** Prompts and completions: where one ends and the other begins, what all share, capitals. */
final class PromptCheck implements Check {
    private static final int FEWEST = 10;
    private static final int LONG_PREFIX_CHARS = 30;
    private static final int LONG_ANSWER_PREFIX_CHARS = 5;
    private static final double SHOUTING = 0.6;
    private static final int FEWEST_LETTERS = 20;

    private final CommonEdge promptBegin = new CommonEdge(false, "missing-prompt-prefix");
    private final CommonEdge promptEnd = new CommonEdge(true, "missing-separator");
    private final CommonEdge answerBegin = new CommonEdge(false, "missing-leading-space");
    private final CommonEdge answerEnd = new CommonEdge(true, "missing-ending");
    private final FindingBuilder glued = new FindingBuilder("glued-completion", Severity.WARNING);
    private final FindingBuilder doubled = new FindingBuilder("double-space", Severity.NOTE);
    private final FindingBuilder shouting = new FindingBuilder("upper-case", Severity.NOTE);
    private int pairs;
    private int answers;

    @Override
    public void see(Sample sample) {
        answers++;
        capitals(sample);
        if (!(sample.example() instanceof Example.PromptCompletion)) {
            return;
        }
        pairs++;
        promptBegin.see(sample.source(), sample.prompt());
        promptEnd.see(sample.source(), sample.prompt());
        answerBegin.see(sample.source(), sample.answer());
        answerEnd.see(sample.source(), sample.answer());
        seam(sample);
    }

    @Override
    public void tell(List<Finding> findings) {
        shouting.into(
                findings,
                "Answers mostly in capitals (" + shouting.count() + " of " + answers + ")",
                "Words in capitals take more tokens, and the model knows them less well.",
                "Write them in lower case, unless capitals are wanted.");
        if (pairs < FEWEST) {
            return;
        }
        tellShared(findings);
        tellUsual(findings);
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

    private void tellShared(List<Finding> findings) {
        if (promptEnd.shared().isEmpty() && promptEnd.usual().isEmpty()) {
            one(
                    findings,
                    "no-separator",
                    Severity.NOTE,
                    "Prompts end in no common separator",
                    "Without a mark that the prompt ends, the model may go on with the question instead of answering it.",
                    "End every prompt alike, for instance in a line break and \"Answer:\"; in use, do the same.");
        }
        if (promptBegin.shared().length() >= LONG_PREFIX_CHARS) {
            one(
                    findings,
                    "common-prompt-prefix",
                    Severity.NOTE,
                    "All prompts begin with \"" + FindingBuilder.shortened(promptBegin.shared()) + "\"",
                    "The model learns the task from the examples; the instruction then costs time in training and in use.",
                    "Take it out, unless other tasks are trained beside this one.");
        }
        if (answerBegin.shared().strip().length() >= LONG_ANSWER_PREFIX_CHARS) {
            one(
                    findings,
                    "common-answer-prefix",
                    Severity.WARNING,
                    "All completions begin with \"" + FindingBuilder.shortened(answerBegin.shared()) + "\"",
                    "The words are learned at once and then cost tokens in every answer.",
                    "Move them to the end of the prompt.");
        }
    }

    private void tellUsual(List<Finding> findings) {
        usual(
                findings,
                promptEnd,
                "Prompts that do not end in %s, as most do",
                "A prompt that ends otherwise is another task to the model: it may go on with the question.");
        usual(
                findings,
                answerBegin,
                "Completions that do not begin with %s, as most do",
                "The same word is then now one token, now another.");
        usual(
                findings,
                answerEnd,
                "Completions that do not end in %s, as most do",
                "The model learns from the endings where an answer ends.");
    }

    private static void usual(List<Finding> findings, CommonEdge edge, String title, String why) {
        String spelled = "\"" + edge.usual().replace("\n", "\\n").replace("\t", "\\t") + "\"";
        edge.others().into(findings, String.format(title, spelled), why, "Write them like the others.");
    }

    /** A completion that begins without white space after a prompt that ends without it makes one word of two. */
    private void seam(Sample pair) {
        if (pair.prompt().isEmpty() || pair.answer().isEmpty()) {
            return;
        }
        int end = pair.prompt().codePointBefore(pair.prompt().length());
        int begin = pair.answer().codePointAt(0);
        if (isSpaced(end) && isSpaced(begin)) {
            glued.at(pair.source(), "…" + tail(pair.prompt()) + "|" + pair.answer());
        } else if (end == ' ' && begin == ' ') {
            doubled.at(pair.source(), "");
        }
    }

    /** A letter or digit of a script that puts spaces between words. */
    private static boolean isSpaced(int c) {
        return Character.isLetterOrDigit(c)
                && !Character.isIdeographic(c)
                && Character.UnicodeScript.of(c) != Character.UnicodeScript.HIRAGANA
                && Character.UnicodeScript.of(c) != Character.UnicodeScript.KATAKANA;
    }

    private static String tail(String text) {
        return text.substring(
                text.offsetByCodePoints(text.length(), -Math.min(12, text.codePointCount(0, text.length()))));
    }

    private void capitals(Sample sample) {
        int letters = 0;
        int capitals = 0;
        String answer = sample.answer();
        for (int i = 0; i < answer.length(); i++) {
            char c = answer.charAt(i);
            boolean capital = Character.isUpperCase(c);
            capitals += capital ? 1 : 0;
            letters += capital || Character.isLowerCase(c) ? 1 : 0;
        }
        if (letters >= FEWEST_LETTERS && capitals > SHOUTING * letters) {
            shouting.at(sample.source(), answer);
        }
    }

    private static void one(
            List<Finding> findings, String id, Severity severity, String title, String why, String fix) {
        findings.add(new Finding(id, severity, 1, title, why, fix, List.of()));
    }
}
