package dev.chaku.train;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A module that is trained whole beside LoRA, as a float32 copy: what PEFT calls {@code modules_to_save}. */
public enum SavedModule {
    /**
     * The token embeddings. Of a model that projects its output with them, too, they are one copy that serves at both
     * ends and learns from both.
     */
    TOKEN_EMBEDDINGS("token_embd"),
    /** The output projection, of a model that has one of its own. */
    OUTPUT("output");

    /** What Hugging Face and others call them. */
    private static final Map<String, SavedModule> OTHER_NAMES = Map.ofEntries(
            Map.entry("embed_tokens", TOKEN_EMBEDDINGS),
            Map.entry("token_embeddings", TOKEN_EMBEDDINGS),
            Map.entry("embeddings", TOKEN_EMBEDDINGS),
            Map.entry("embed_in", TOKEN_EMBEDDINGS),
            Map.entry("word_embeddings", TOKEN_EMBEDDINGS),
            Map.entry("wte", TOKEN_EMBEDDINGS),
            Map.entry("lm_head", OUTPUT),
            Map.entry("embed_out", OUTPUT));

    private final String label;

    SavedModule(String label) {
        this.label = label;
    }

    /** {@return the name as command lines, configurations and GGUF files write it, for instance {@code token_embd}} */
    public String label() {
        return label;
    }

    /**
     * Reads names, also in the spelling of Hugging Face ({@code embed_tokens}, {@code lm_head}).
     *
     * @param names of modules
     * @return the modules
     * @throws BadInputException for a name that is none of these; the message has the nearest
     */
    public static Set<SavedModule> parse(Collection<String> names) {
        return names.stream()
                .map(SavedModule::parse)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(SavedModule.class)));
    }

    private static SavedModule parse(String text) {
        String name = text.strip().toLowerCase(Locale.ROOT).replaceFirst("\\.weight$", "");
        String leaf = name.substring(name.lastIndexOf('.') + 1);
        return Arrays.stream(values())
                .filter(module -> module.label.equals(leaf))
                .findFirst()
                .or(() -> Optional.ofNullable(OTHER_NAMES.get(leaf)))
                .orElseThrow(() -> BadInputException.ofSetting(
                        "modules to save", "token_embd or output", "'" + text + "'" + suggestion(leaf)));
    }

    /** Of a name with the beginning or a part of one of ours. */
    private static String suggestion(String name) {
        if (name.contains("emb") || name.contains("tok") || name.contains("wte")) {
            return "; did you mean token_embd?";
        }
        return name.contains("out") || name.contains("head") || name.contains("proj") && name.contains("vocab")
                ? "; did you mean output?"
                : "; products within layers are adapted by targets";
    }
}
