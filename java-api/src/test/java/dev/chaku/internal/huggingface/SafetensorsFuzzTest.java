package dev.chaku.internal.huggingface;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaku.ScratchInput;
import dev.chaku.errors.BadInputException;

/** Safetensors files of any bytes: read whole, or refused with a BadInputException. */
class SafetensorsFuzzTest {
    @FuzzTest
    void file(byte[] bytes) {
        try (ScratchInput input = ScratchInput.of(bytes, ".safetensors")) {
            Safetensors file = Safetensors.read(input.path());
            file.metadata();
            for (String name : file.tensors().keySet()) {
                file.bytes(name);
                if (file.tensors().get(name).dtype().startsWith("F")) {
                    file.floats(name);
                }
            }
        } catch (BadInputException e) {
            // Refused.
        }
    }
}
