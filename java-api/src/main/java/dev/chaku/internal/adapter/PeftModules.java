package dev.chaku.internal.adapter;

import dev.chaku.internal.huggingface.ModuleNames;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How PEFT names the tensors of modules' adapters, and what else stands beside them. */
final class PeftModules {
    private static final String PREFIX = "base_model.model.";

    /** What a tensor is to its module. */
    enum Part {
        /** [R, K] */
        A("lora_A", ".weight"),
        /** [N, R] */
        B("lora_B", ".weight"),
        /** [R, V]: the transposed B of an embedding. */
        EMBEDDING_A("lora_embedding_A", ""),
        /** [D, R]: the transposed A of an embedding. */
        EMBEDDING_B("lora_embedding_B", ""),
        /** DoRA's length of each row. */
        MAGNITUDE("lora_magnitude_vector", "(?:\\.weight)?"),
        /** A bias behind B. */
        BIAS("lora_B", ".bias"),
        /** Rows of an embedding that were trained whole. */
        TOKENS("token_adapter\\.trainable_tokens_delta", ""),
        /** A copy of the base's own weight, which PEFT writes beside additions to an embedding. */
        BASE_COPY("base_layer", "\\.(?:weight|bias)"),
        /** A module that was trained whole, as far as the name tells. */
        WHOLE("", "");

        /** PEFT leaves the adapter's name out of files; some tools keep it. */
        private final Pattern pattern;

        private final String middle;
        private final String end;

        Part(String middle, String end) {
            this.middle = middle;
            this.end = end;
            String quoted = end.startsWith(".") ? "\\" + end : end;
            this.pattern = Pattern.compile("(.+)\\." + middle + "(?:\\.(?!weight$|bias$)[^.]+)?" + quoted);
        }
    }

    /** A tensor's module and what it is to it. */
    record Named(String module, Part part) {}

    private PeftModules() {}

    /** Reads the name of a tensor. */
    static Named parse(String name) {
        for (Part part : Part.values()) {
            Matcher matcher = part == Part.WHOLE ? null : part.pattern.matcher(name);
            if (matcher != null && matcher.matches()) {
                return new Named(ModuleNames.bare(matcher.group(1)), part);
            }
        }
        return new Named(ModuleNames.bare(name.replaceFirst("\\.(weight|bias)$", "")), Part.WHOLE);
    }

    /** The tensor of a module that was trained whole. */
    static String whole(String module) {
        return PREFIX + module + ".weight";
    }

    static String tensor(String module, Part part) {
        // PEFT writes a vector without .weight, as its own saved state has it.
        return PREFIX + module + "." + part.middle + (part == Part.MAGNITUDE ? "" : part.end);
    }
}
