package dev.chaku.train;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Locale;

/** What becomes of the sum of a weight and its low-rank product. */
public enum LoraVariant {
    /** The sum as it is. */
    LORA,
    /**
     * Each row of the sum gets a length of its own, which is trained beside A and B and begins as the row's (Liu et
     * al., "DoRA: Weight-Decomposed Low-Rank Adaptation", 2024); the backward pass takes the length of the sum as a
     * constant, as PEFT does. No LoRA file can say it: the result is a folder of PEFT, to be merged into the base.
     */
    DORA,
    /**
     * LoRA that begins with the leading singular values and vectors of the weight instead of with nothing (Meng et al.,
     * "PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large Language Models", 2024). The weight
     * stays as it is, and what A and B began with is subtracted: y = x W^T + scale (x A^T B^T - x A0^T B0^T). The
     * result is a LoRA adapter of twice the rank.
     */
    PISSA;

    /**
     * Reads a name.
     *
     * @param text as command lines write it
     * @return what it names
     * @throws BadInputException if it names none
     */
    public static LoraVariant parse(String text) {
        return Arrays.stream(values())
                .filter(variant -> variant.label().equalsIgnoreCase(text.strip()))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting("method", "lora, dora or pissa", "'" + text + "'"));
    }

    /** {@return the name as command lines and configurations write it} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
