package dev.chaku.internal.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SentencePieceModelTest {
    @TempDir
    Path folder;

    private static byte[] sample() {
        return HuggingFaceExport.sentencePiece(
                GgufArray.Strings.of(List.of("<unk>", "<s>", "\u2581the", "x")),
                new float[] {0, 0, -1.5f, -7},
                new int[] {2, 3, 1, 6});
    }

    private SentencePieceModel read(byte[] bytes) throws IOException {
        return SentencePieceModel.read(Files.write(folder.resolve("tokenizer.model"), bytes));
    }

    @Test
    void readsPiecesAndSettings() throws IOException {
        SentencePieceModel model = read(sample());
        assertEquals(
                new SentencePieceModel.Piece("\u2581the", -1.5f, 1),
                model.pieces().get(2));
        assertEquals(4, model.pieces().size());
        assertTrue(model.normalizer().addsSpace());
        byte[] bytes = Arrays.copyOf(sample(), sample().length + 4);
        System.arraycopy(new byte[] {3 << 3 | 2, 2, 3 << 3, 0}, 0, bytes, bytes.length - 4, 4);
        assertEquals(false, read(bytes).normalizer().addsSpace());
    }

    @Test
    void refusesOtherKinds() throws IOException {
        byte[] bytes = sample();
        bytes[bytes.length - 1] = 1;
        String message =
                assertThrows(BadInputException.class, () -> read(bytes)).getMessage();
        assertTrue(message.contains("byte pairs") && message.contains("model type 1"), message);
        assertThrows(BadInputException.class, () -> read(new byte[0]));
    }

    /** Whatever the bytes: an answer or a complaint, never another exception. */
    @Test
    void damageIsRefusedOrHarmless() throws IOException {
        byte[] whole = sample();
        for (int length = 0; length < whole.length; length++) {
            readAnyhow(Arrays.copyOf(whole, length));
        }
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = whole.clone();
            for (int i = 0; i < 3; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            readAnyhow(bytes);
        }
    }

    private void readAnyhow(byte[] bytes) throws IOException {
        try {
            read(bytes);
        } catch (BadInputException e) {
            assertTrue(e.getMessage().contains("tokenizer.model"), e.getMessage());
        }
    }
}
