package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.PeftAdapters;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** How an adapter is stored. */
public enum AdapterFormat {
    /** A GGUF LoRA file, alone or in the folder of a training: what Chaku and llama.cpp wear. */
    GGUF,
    /** A folder of Hugging Face's PEFT: adapter_config.json and adapter_model.safetensors, whole or in parts. */
    PEFT,
    /** A folder of mlx-lm: adapter_config.json and adapters.safetensors. */
    MLX;

    /**
     * {@return the format of what stands at a path, by the names of files alone} What is nothing else counts as GGUF.
     *
     * @param path a file or folder
     */
    public static AdapterFormat of(Path path) {
        if (!Files.isDirectory(path) || Files.exists(path.resolve(Adapter.FILE_NAME)) || !PeftAdapters.isPeft(path)) {
            return GGUF;
        }
        return PeftAdapters.isMlx(path) ? MLX : PEFT;
    }

    /**
     * {@return the format of a name}
     *
     * @param name as {@link #label} has it, in any case
     * @throws BadInputException if it is none
     */
    public static AdapterFormat parse(String name) {
        return Arrays.stream(values())
                .filter(format -> format.label().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting("format", "gguf, peft or mlx", "'" + name + "'"));
    }

    /** {@return the name as command lines write it, for instance {@code peft}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
