package dev.chaku.internal.adapter;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How PEFT names the tensors of modules' adapters. */
final class PeftModules {
    private static final String PREFIX = "base_model.model.";

    /** PEFT leaves the adapter's name out of files; some tools keep it between {@code lora_A} and {@code weight}. */
    private static final Pattern TENSOR =
            Pattern.compile("(?:base_model\\.model\\.)?(.+)\\.lora_([AB])(?:\\.[^.]+)?\\.weight");

    /** One of the two matrices of a module's adapter. */
    record Half(String module, boolean isA) {}

    private PeftModules() {}

    /** Reads the name of a tensor; nothing if it is no LoRA matrix of a linear module. */
    static Optional<Half> parseTensor(String name) {
        Matcher matcher = TENSOR.matcher(name);
        return matcher.matches()
                ? Optional.of(new Half(matcher.group(1), matcher.group(2).equals("A")))
                : Optional.empty();
    }

    static String tensor(String module, boolean isA) {
        return PREFIX + module + (isA ? ".lora_A" : ".lora_B") + ".weight";
    }
}
