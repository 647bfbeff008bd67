package dev.chaku.gguf;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaku.ScratchInput;
import dev.chaku.errors.BadInputException;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;

/** GGUF files of any bytes: read whole, or refused with a BadInputException. */
class GgufFuzzTest {
    private static final int READ_BYTES = 1 << 20;

    @FuzzTest
    void file(byte[] bytes) {
        try (ScratchInput input = ScratchInput.of(bytes, ".gguf")) {
            GgufFile file = GgufFile.read(input.path());
            file.metadata().asMap().forEach((key, value) -> value.toString());
            for (GgufTensor tensor : file.tensors()) {
                tensor.toString();
                if (tensor.bytes() <= READ_BYTES) {
                    file.readTensor(tensor);
                }
            }
            Tokenizer tokenizer = Tokenizers.of(file);
            tokenizer.decode(tokenizer.encode("Hello, wörld 12 着", true, true), true);
        } catch (BadInputException e) {
            // Refused.
        }
    }
}
