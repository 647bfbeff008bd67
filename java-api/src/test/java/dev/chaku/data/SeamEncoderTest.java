package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.chaku.ReferenceData;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SeamEncoderTest {
    private static int[] joined(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @Test
    void bytePairsNeedNoCare() {
        Tokenizer tokenizer = new BpeTrainer(300)
                .bos("<s>")
                .eos("<e>")
                .train(List.of("hello there"))
                .tokenizer();
        assertArrayEquals(
                tokenizer.encode("hello", false, true),
                new SeamEncoder(tokenizer).encode("hello", tokenizer.encode("x", false, false)[0], true));
    }

    @Test
    void sentencePieceGetsNoSpaceInTheMidstOfAText() {
        Tokenizer tokenizer = Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/llama-spm.gguf")));
        int[] before = tokenizer.encode("[INST] hi [/INST]", true, true);
        int[] after = new SeamEncoder(tokenizer).encode(" hello", before[before.length - 1], true);
        assertArrayEquals(tokenizer.encode("[INST] hi [/INST] hello", true, true), joined(before, after));
    }

    @Test
    void aSpecialTokenTakesTheWhiteSpaceThatItTakesInAText() {
        Tokenizer tokenizer = Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/phi-3.gguf")));
        int[] before = tokenizer.encode("<|user|>\nhi<|end|>", false, true);
        int[] after = new SeamEncoder(tokenizer).encode("\n<|assistant|>\nyes", before[before.length - 1], true);
        assertArrayEquals(
                tokenizer.encode("<|user|>\nhi<|end|>\n<|assistant|>\nyes", false, true), joined(before, after));
    }
}
