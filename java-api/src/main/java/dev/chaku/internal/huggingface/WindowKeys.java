package dev.chaku.internal.huggingface;

import dev.chaku.gguf.GgufValue;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** What config.json says of sliding windows. */
public final class WindowKeys {
    private WindowKeys() {}

    /** Adds the window; whether one shorter than the context is understood, the reader of the file decides. */
    public static void add(ModelConfig config, Map<String, GgufValue> keys) {
        config.json()
                .findInt("sliding_window")
                .ifPresent(window -> keys.put("attention.sliding_window", GgufValue.ofUint32(window)));
    }

    /** Refuses windows in other layers than those that the family takes for granted. */
    public static void require(ModelConfig config, IntPredicate windowed) {
        List<@Nullable Object> kinds = config.json().findList("layer_types").orElse(List.of());
        for (int l = 0; l < kinds.size(); l++) {
            String expected = windowed.test(l) ? "sliding_attention" : "full_attention";
            if (!expected.equals(kinds.get(l))) {
                throw config.error("layer_types[" + l + "]", expected, kinds.get(l));
            }
        }
    }

    /** Refuses all windows. */
    public static void requireNone(ModelConfig config) {
        config.requireOneOf("use_sliding_window", false);
        for (Object kind : config.json().findList("layer_types").orElse(List.of())) {
            if (!"full_attention".equals(kind)) {
                throw config.error("layer_types", "full_attention alone", kind);
            }
        }
    }
}
