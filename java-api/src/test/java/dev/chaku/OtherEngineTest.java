package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.TensorSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Facades run over any engine: here over one that counts. */
class OtherEngineTest {
    private static final int RANK = 4;

    @TempDir
    Path folder;

    private final StubEngine engine = new StubEngine();
    private Path file;

    @BeforeEach
    void write() {
        file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
    }

    private Model open() {
        return Model.open(file, ModelOptions.defaults(), () -> engine);
    }

    private static Adapter adapter(Model base) {
        TensorSpec query = base.spec().weight(DecoderModule.ATTN_Q.at(0)).orElseThrow();
        int inputs = (int) query.columns();
        int outputs = (int) query.rows();
        LoraPair pair =
                new LoraPair(query.place(), RANK, inputs, outputs, new float[RANK * inputs], new float[outputs * RANK]);
        return new Adapter(new AdapterWeights(
                "stub.gguf", base.architecture(), 8, List.of(pair), new GgufMetadata("stub.gguf", Map.of())));
    }

    private static Generator from(Model model, int... tokens) {
        return model.generator().tokens(tokens).temperature(0).maxTokens(4).endless(true);
    }

    @Test
    void generatesAndGoesOnFromWhatIsKnown() {
        try (Model model = open()) {
            assertEquals(List.of("STUB"), model.device().features());
            assertEquals(Device.REFERENCE, model.device().device());
            assertArrayEquals(
                    new int[] {13, 14, 15, 16},
                    from(model, 10, 11, 12).generate().tokens());
            assertEquals(List.of(10, 11, 12, 13, 14, 15), engine.computed);
            engine.computed.clear();
            assertEquals(3, from(model, 10, 11, 12, 40).generate().cachedTokens());
            assertEquals(List.of(40, 41, 42, 43), engine.computed);
        }
        assertTrue(engine.closed);
    }

    @Test
    void wearsAdapters() {
        try (Model model = open();
                Adapter adapter = adapter(model)) {
            int[] worn = from(model, 10).adapter(adapter).generate().tokens();
            assertArrayEquals(new int[] {15, 20, 25, 30}, worn);
            int[] twice = from(model, 10).adapter(adapter, 2).generate().tokens();
            assertArrayEquals(new int[] {19, 28, 37, 46}, twice);
            assertArrayEquals(
                    new int[] {11, 12, 13, 14}, from(model, 10).generate().tokens());
        }
    }

    @Test
    void scoresAndTellsLogits() {
        try (Model model = open()) {
            double expected =
                    model.scorer().score(new int[] {10}, new int[] {11}).logprob();
            double other = model.scorer().score(new int[] {10}, new int[] {50}).logprob();
            assertEquals(20, expected - other, 1e-5);
            float[][] logits = model.logits(new int[] {10, 20});
            assertEquals(20, logits[0][11]);
            assertEquals(20, logits[1][21]);
            assertEquals(0, logits[1][22]);
        }
    }

    @Test
    void aFileThatIsRefusedStartsNoEngine() {
        boolean[] started = {false};
        assertThrows(
                RuntimeException.class,
                () -> Model.open(folder.resolve("none.gguf"), ModelOptions.defaults(), () -> {
                    started[0] = true;
                    return engine;
                }));
        assertFalse(started[0]);
    }
}
