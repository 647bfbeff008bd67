package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.Deflater;

/** Answers and prompts one by one: empty, repeating themselves, with a form left to fill in, without a difference. */
final class AnswerCheck implements Check {
    private static final int REPETITION_CHARS = 500;
    private static final int REPETITION_RATIO = 12;
    private static final Pattern PLACEHOLDER =
            Pattern.compile("\\{\\{ ?[A-Za-z_][A-Za-z0-9_ ]{0,30}\\}\\}|\\[(?:YOUR|INSERT) [A-Z ]+\\]");

    /** How spreadsheets, data frames and databases write that there is no value. */
    private static final Set<String> MISSING = Set.of(
            "nan", "na", "n/a", "#n/a", "null", "none", "nil", "<na>", "nat", "-nan", "undefined", "#value!", "#ref!");

    private static final int LONGEST_MISSING = 12;

    private final FindingBuilder empty = new FindingBuilder("empty-answer", Severity.ERROR);
    private final FindingBuilder noPrompt = new FindingBuilder("empty-prompt", Severity.WARNING);
    private final FindingBuilder repeating = new FindingBuilder("repetitive-answer", Severity.WARNING);
    private final FindingBuilder placeholder = new FindingBuilder("placeholder", Severity.WARNING);
    private final FindingBuilder missing = new FindingBuilder("missing-value", Severity.WARNING);
    private final FindingBuilder same = new FindingBuilder("equal-pair", Severity.ERROR);
    private final FindingBuilder arguments = new FindingBuilder("tool-arguments", Severity.WARNING);

    @Override
    public void see(Sample sample) {
        if (sample.answers().stream().anyMatch(String::isBlank) && !callsTools(sample)) {
            empty.at(sample.source(), "");
        }
        boolean whole = sample.example() instanceof Example.Text || sample.example() instanceof Example.Tokens;
        if (sample.prompt().isBlank() && !whole) {
            noPrompt.at(sample.source(), sample.answer());
        }
        if (isRepetitive(sample.answer())) {
            repeating.at(sample.source(), sample.answer());
        }
        var form = PLACEHOLDER.matcher(sample.answer());
        if (form.find()) {
            placeholder.at(sample.source(), form.group());
        }
        if (isMissing(sample.answer()) || isMissing(sample.prompt())) {
            missing.at(sample.source(), isMissing(sample.answer()) ? sample.answer() : sample.prompt());
        }
        if (sample.example() instanceof Example.Preference pair && pair.chosen().equals(pair.rejected())) {
            same.at(sample.source(), sample.answer());
        }
        if (hasTextArguments(sample)) {
            arguments.at(sample.source(), "");
        }
    }

    @Override
    public void tell(List<Finding> findings) {
        tellTexts(findings);
        placeholder.into(
                findings,
                "Answers with a form left to fill in",
                "The model will say the form's field as it stands.",
                "Replace the fields by what they stand for.");
        missing.into(
                findings,
                "Prompts or answers that are a table's word for a missing value, such as NaN, null or N/A",
                "The model learns to say the word.",
                "Leave the examples out, or write what is missing; ignore this where the word is a label.");
        same.into(
                findings,
                "Preferred and other answer are equal",
                "There is nothing to prefer: such a pair adds noise to the gradient.",
                "Leave the pair out.");
        arguments.into(
                findings,
                "Arguments of a tool's call that are no JSON object",
                "The model learns to write calls that no program can read.",
                "Mend the arguments.");
    }

    private void tellTexts(List<Finding> findings) {
        empty.into(
                findings,
                "Empty answers",
                "The model learns to end at once, or training stops because nothing is trained.",
                "Leave the examples out, or write the answer.");
        noPrompt.into(
                findings,
                "Empty prompts",
                "The model learns to say this whatever it is asked.",
                "Write the prompt, or give the text as plain text.");
        repeating.into(
                findings,
                "Answers that repeat themselves",
                "A few such examples teach a model to repeat itself until it is stopped.",
                "Cut the repetitions, or leave the example out.");
    }

    private static boolean isMissing(String text) {
        return text.length() <= LONGEST_MISSING && MISSING.contains(text.strip().toLowerCase(Locale.ROOT));
    }

    private static boolean callsTools(Sample sample) {
        return sample.messages().stream().anyMatch(m -> m.containsKey("tool_calls") || m.containsKey("function_call"));
    }

    /** Text that deflate makes smaller than a twelfth; ordinary prose stays above a fifth. */
    static boolean isRepetitive(String text) {
        if (text.length() < REPETITION_CHARS) {
            return false;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Deflater deflater = new Deflater();
        try {
            deflater.setInput(bytes);
            deflater.finish();
            byte[] out = new byte[bytes.length / REPETITION_RATIO];
            deflater.deflate(out);
            return deflater.finished();
        } finally {
            deflater.end();
        }
    }

    private static boolean hasTextArguments(Sample sample) {
        for (Map<String, Object> message : sample.messages()) {
            if (message.get("tool_calls") instanceof List<?> calls) {
                for (Object call : calls) {
                    if (call instanceof Map<?, ?> outer
                            && outer.get("function") instanceof Map<?, ?> function
                            && function.get("arguments") instanceof String) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
