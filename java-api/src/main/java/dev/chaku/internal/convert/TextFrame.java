package dev.chaku.internal.convert;

import dev.chaku.internal.huggingface.JsonFile;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the post-processor of a tokenizer.json puts around a single text.
 *
 * @param before the token before it, or null
 * @param after the token after it, or null
 */
record TextFrame(@Nullable String before, @Nullable String after) {
    private static final TextFrame NONE = new TextFrame(null, null);

    /**
     * @throws dev.chaku.errors.BadInputException if it is more than one token on a side, or done by a step that is not
     *     known
     */
    static TextFrame of(JsonFile tokenizer) {
        return tokenizer.findObject("post_processor").map(TextFrame::ofStep).orElse(NONE);
    }

    /** How many tokens stand between the two texts of a pair. */
    static int between(JsonFile tokenizer) {
        return tokenizer
                .findObject("post_processor")
                .map(TextFrame::betweenOfStep)
                .orElse(0);
    }

    private static int betweenOfStep(JsonFile step) {
        int most = 0;
        switch (step.findString("type").orElse("none")) {
            case "RobertaProcessing" -> most = 2;
            case "BertProcessing" -> most = 1;
            case "Sequence" -> {
                for (int i = 0;
                        i < step.findList("processors").orElse(List.of()).size();
                        i++) {
                    most = Math.max(most, betweenOfStep(step.element("processors", i)));
                }
            }
            case "TemplateProcessing" -> {
                int texts = 0;
                for (int i = 0; i < step.findList("pair").orElse(List.of()).size(); i++) {
                    boolean text =
                            step.element("pair", i).findObject("Sequence").isPresent();
                    texts += text ? 1 : 0;
                    most += !text && texts == 1 ? 1 : 0;
                }
            }
            default -> {}
        }
        return most;
    }

    private static TextFrame ofStep(JsonFile step) {
        String type = step.findString("type").orElse("none");
        switch (type) {
            case "ByteLevel":
                return NONE;
            case "Sequence":
                TextFrame found = NONE;
                for (int i = 0;
                        i < step.findList("processors").orElse(List.of()).size();
                        i++) {
                    TextFrame next = ofStep(step.element("processors", i));
                    if (!next.equals(NONE) && !found.equals(NONE)) {
                        throw step.error("processors", "one that puts tokens around a text", "several");
                    }
                    found = next.equals(NONE) ? found : next;
                }
                return found;
            case "BertProcessing", "RobertaProcessing":
                return new TextFrame(first(step, "cls"), first(step, "sep"));
            case "TemplateProcessing":
                return template(step);
            default:
                throw step.error(
                        "type",
                        "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or a Sequence of them",
                        type);
        }
    }

    private static TextFrame template(JsonFile step) {
        String before = null;
        String after = null;
        boolean text = false;
        int size = step.findList("single").orElse(List.of()).size();
        for (int i = 0; i < size; i++) {
            Optional<String> token =
                    step.element("single", i).findObject("SpecialToken").flatMap(t -> t.findString("id"));
            if (token.isEmpty()) {
                text = true;
            } else if (!text && before == null) {
                before = token.get();
            } else if (text && after == null) {
                after = token.get();
            } else {
                throw step.error(
                        "single", "at most one token before a text and one after it", "a second, " + token.get());
            }
        }
        return new TextFrame(before, after);
    }

    private static String first(JsonFile step, String key) {
        List<@Nullable Object> pair = step.findList(key).orElse(List.of());
        if (pair.isEmpty() || !(pair.get(0) instanceof String text)) {
            throw step.error(key, "a token and its id", pair);
        }
        return text;
    }
}
