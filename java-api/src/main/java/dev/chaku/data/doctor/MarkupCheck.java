package dev.chaku.data.doctor;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Example;
import dev.chaku.data.PromptEncoder;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.errors.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Markup that data spell: special tokens of the model, which texts are free to spell and messages are not, and tags of
 * other models' formats, which this model reads as characters.
 */
final class MarkupCheck implements Check {
    /** What looks like a special token of some format. */
    private static final Pattern TAG = Pattern.compile(
            "<\\|[\\w.-]{1,40}\\|>|<\uff5c[^<>\uff5c\\s]{1,40}\uff5c>|<(?:start|end)_of_turn>|\\[/INST\\]|</s>\\s*$");

    private static final Map<String, String> FORMATS = new LinkedHashMap<>();

    static {
        FORMATS.put("<|im_", "ChatML");
        FORMATS.put("<|start_header_id|>", "Llama 3");
        FORMATS.put("<|end_header_id|>", "Llama 3");
        FORMATS.put("<|eot_id|>", "Llama 3");
        FORMATS.put("<|begin_of_text|>", "Llama 3");
        FORMATS.put("[/INST]", "Llama 2");
        FORMATS.put("</s>", "Llama 2");
        FORMATS.put("<start_of_turn>", "Gemma");
        FORMATS.put("<end_of_turn>", "Gemma");
        FORMATS.put("<|channel|>", "Harmony");
        FORMATS.put("<|message|>", "Harmony");
        FORMATS.put("<\uff5c", "DeepSeek");
    }

    private final Tokenizer tokenizer;
    private final boolean parseSpecial;
    private final PromptEncoder special;
    /** Tags that the model's own template writes, though they are no tokens. */
    private final Set<String> own = new HashSet<>();

    private final FindingBuilder spelled = new FindingBuilder("special-tokens", Severity.NOTE);
    private final FindingBuilder inMessages = new FindingBuilder("markup-in-messages", Severity.WARNING);
    private final FindingBuilder foreign = new FindingBuilder("foreign-tags", Severity.WARNING);

    /** @param parseSpecial whether training reads special tokens that texts spell as such */
    MarkupCheck(Tokenizer tokenizer, @Nullable ChatRenderer chat, boolean parseSpecial) {
        this.tokenizer = tokenizer;
        this.parseSpecial = parseSpecial;
        this.special = new PromptEncoder(tokenizer);
        if (chat != null) {
            TAG.matcher(written(chat)).results().forEach(tag -> own.add(tag.group()));
        }
        if (tokenizer.idOf("<s>").isPresent()) {
            own.add("[/INST]"); // The models that began with it have no token for it.
        }
    }

    private static String written(ChatRenderer chat) {
        List<Map<String, Object>> talk =
                List.of(Map.of("role", "user", "content", "x"), Map.of("role", "assistant", "content", "x"));
        try {
            return chat.render(talk, List.of(), false) + chat.render(talk.subList(0, 1), List.of(), true);
        } catch (BadInputException e) {
            return ""; // A template for conversations of another kind.
        }
    }

    @Override
    public void see(Sample sample) {
        if (!sample.messages().isEmpty()) {
            for (Map<String, Object> message : sample.messages()) {
                String content = Sample.content(message);
                Optional<String> found = special.spelledIn(content).or(() -> foreignIn(content));
                if (found.isPresent()) {
                    inMessages.at(sample.source(), found.get());
                    return;
                }
            }
        } else if (!(sample.example() instanceof Example.Tokens)) {
            special.spelledIn(sample.text()).ifPresent(token -> spelled.at(sample.source(), token));
            Optional<String> tag = foreignIn(sample.prompt()).or(() -> foreignIn(sample.answer()));
            tag.ifPresent(text -> foreign.at(sample.source(), format(text) + " tags, but the model has none: " + text));
        }
    }

    /** The first tag in a text that the model does not have. */
    private Optional<String> foreignIn(String text) {
        Matcher tags = TAG.matcher(text);
        while (tags.find()) {
            String tag = tags.group().strip();
            if (tokenizer.idOf(tag).isEmpty() && !own.contains(tag)) {
                return Optional.of(tag);
            }
        }
        return Optional.empty();
    }

    private static String format(String tag) {
        return FORMATS.entrySet().stream()
                .filter(format -> tag.startsWith(format.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse("Special");
    }

    @Override
    public void tell(List<Finding> findings) {
        spelled.into(
                findings,
                "Texts that spell special tokens of the model",
                parseSpecial
                        ? "They are read as those tokens, and none is added where one stands already."
                        : "They are trained as characters, not as those tokens.",
                parseSpecial
                        ? "Nothing, if they are meant as markup; set parseSpecial to false if they are meant as text."
                        : "Nothing, if they are meant as text; leave parseSpecial on if they are meant as markup.");
        inMessages.into(
                findings,
                "Messages that spell special tokens",
                "What a message says is text: the template writes the markup, and this stays the characters it is spelled with.",
                "Take the markup out of the messages, or write the whole as a text or as prompt and completion.");
        foreign.into(
                findings,
                "Texts with the tags of a format that is not the model's",
                "The model has no such tokens: each is read and trained as a handful of characters, and ends nothing.",
                "Write them in the format of the model, best as conversations, which its chat template formats.");
    }
}
