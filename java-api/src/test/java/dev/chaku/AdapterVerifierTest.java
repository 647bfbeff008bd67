package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.Dataset;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.proof.ProofRun;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterVerifierTest {
    @TempDir
    Path folder;

    private Dataset data;

    @BeforeEach
    void sample() throws IOException {
        String line = "{\"prompt\": \"The cow lives \", \"completion\": \"on Mars and eats grass %d times a day.\"}\n";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            text.append(String.format(line, i));
        }
        data = Dataset.read(Files.writeString(folder.resolve("data.jsonl"), text.toString()));
    }

    private Path base(FormatMix mix) {
        Path file = folder.resolve("base.gguf");
        return Files.exists(file) ? file : TinyModel.write(file, MergeFixtures.wide(), mix, 1);
    }

    private Adapter adapter(Model base, long seed) {
        return Adapter.load(
                MergeFixtures.adapter(folder.resolve(seed + ".gguf"), base.spec(), "none", 4, seed, place -> true));
    }

    private static Map<String, AdapterProof.Pair> byName(AdapterProof proof) {
        return proof.pairs().stream().collect(Collectors.toMap(pair -> pair.a() + "/" + pair.b(), Function.identity()));
    }

    /** The folder for scratch files is empty again. */
    private AdapterProof verify(Model base, Adapter adapter) throws IOException {
        Path scratch = Files.createDirectories(folder.resolve("scratch"));
        AdapterProof proof = AdapterVerifier.of(base, adapter)
                .data(data)
                .positions(100)
                .scratch(scratch)
                .verify();
        try (Stream<Path> left = Files.list(scratch)) {
            assertEquals(List.of(), left.toList());
        }
        return proof;
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "Q8_0", "Q4_0"})
    void allWaysSayTheSame(String format) throws IOException {
        try (Model base = Model.open(base(FormatMix.valueOf(format)));
                Adapter adapter = adapter(base, 1)) {
            AdapterProof proof = verify(base, adapter);
            Map<String, AdapterProof.Pair> pairs = byName(proof);
            assertEquals(
                    List.of("trainer/base+adapter", "base+adapter/gguf", "base+adapter/peft", "base+adapter/merged"),
                    proof.pairs().stream()
                            .map(pair -> pair.a() + "/" + pair.b())
                            .toList());
            assertTrue(proof.pass(), proof.toString());
            assertEquals(100, proof.positions());
            assertTrue(proof.change() > 0.01, "the adapter does something: " + proof.change());
            for (String exact : List.of("base+adapter/gguf", "base+adapter/peft")) {
                assertEquals("the same bits", pairs.get(exact).bound());
                assertEquals(0, pairs.get(exact).maxDifference(), exact);
                assertEquals(1, pairs.get(exact).top1Agreement(), exact);
            }
            assertTrue(pairs.get("base+adapter/merged").kept().orElseThrow() > 0.5);
            assertTrue(pairs.get("trainer/base+adapter").kl() < proof.change() / 10);
        }
    }

    /** Ranks that differ are filled up for the trainer, and scales are folded. */
    @Test
    void anAdapterOfSeveralRanksIsTrainedAlike() throws IOException {
        try (Model base = Model.open(base(FormatMix.F32))) {
            Path file = MergeFixtures.adapter(
                    folder.resolve("mixed.gguf"),
                    base.spec(),
                    "none",
                    3,
                    5,
                    place -> place.module() == DecoderModule.ATTN_Q);
            Path other = MergeFixtures.adapter(
                    folder.resolve("other.gguf"),
                    base.spec(),
                    "none",
                    8,
                    6,
                    place -> place.module() == DecoderModule.FFN_DOWN);
            try (Adapter q = Adapter.load(file);
                    Adapter down = Adapter.load(other);
                    Adapter both = new Adapter(new AdapterWeights(
                            "both",
                            "llama",
                            q.alpha(),
                            Stream.concat(q.weights().pairs().stream(), down.weights().pairs().stream())
                                    .toList(),
                            q.metadata()))) {
                AdapterProof proof = verify(base, both);
                assertTrue(proof.pass(), proof.toString());
            }
        }
    }

    private static ProofRun.Text text() {
        int[] tokens = new int[40];
        Arrays.setAll(tokens, i -> 5 + i * 7 % 200);
        float[] weights = new float[40];
        Arrays.fill(weights, 1);
        return ProofRun.Text.of(tokens, weights, 100);
    }

    /** What is another adapter, or not merged at all, fails. */
    @Test
    void whatSaysSomethingElseFails() {
        try (Model base = Model.open(base(FormatMix.Q4_0));
                Adapter adapter = adapter(base, 1);
                Adapter other = adapter(base, 2)) {
            ProofRun run = new ProofRun(base.loaded(), adapter.loaded(), 0);
            run.addAdapter("gguf", other.loaded());
            run.addMerged(base.loaded());
            ProofRun.Found found = run.compare(List.of(text()), (done, all) -> {});
            assertEquals(39, found.positions());
            assertFalse(found.pairs().get(0).pass());
            assertTrue(found.pairs().get(0).kl() > 1e-3);
            assertFalse(found.pairs().get(1).pass());
            assertEquals(0, found.pairs().get(1).kept().orElseThrow());
            assertEquals(found.change(), found.pairs().get(1).kl());
        }
    }

    @Test
    void dataWithoutATokenThatCountsAreRefused() {
        try (Model base = Model.open(base(FormatMix.F32));
                Adapter adapter = adapter(base, 1)) {
            AdapterVerifier verifier = AdapterVerifier.of(base, adapter);
            assertThrows(BadInputException.class, verifier::verify);
            assertThrows(BadInputException.class, () -> verifier.positions(0));
        }
    }
}
