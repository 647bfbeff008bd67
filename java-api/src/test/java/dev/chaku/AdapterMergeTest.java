package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.io.Sha256;
import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeReport;
import dev.chaku.merge.MergeSettings;
import dev.chaku.merge.OutputRank;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterMergeTest {
    private static final int[] TOKENS = {1, 10, 20, 30, 40, 50, 60};

    @TempDir
    Path folder;

    private Path first;
    private Path second;
    private Path model;

    @BeforeEach
    void adapters() {
        model = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        try (Model base = Model.open(model)) {
            first = AdapterTest.writeRandom(folder.resolve("a.gguf"), base, 1);
            second = AdapterTest.writeRandom(folder.resolve("b.gguf"), base, 2);
        }
    }

    /** The exact merges change a model as both adapters do when they are worn together. */
    @Test
    void isWornAsItsParentsAre() {
        try (Model base = Model.open(model, Float32Device.options());
                Adapter a = Adapter.load(first);
                Adapter b = Adapter.load(second)) {
            float[] worn = AdapterTest.logits(base, TOKENS, List.of(a, b), 0.7f, -0.4f);
            for (MergeMethod method : List.of(new MergeMethod.Cat(), new MergeMethod.Svd(OutputRank.of(8)))) {
                Path out = folder.resolve(method.label() + ".gguf");
                MergeReport report =
                        Adapters.merge(method).add(a, 0.7).add(b, -0.4).write(out);
                try (Adapter merged = Adapter.load(out)) {
                    assertEquals(8, merged.rank());
                    assertArrayEquals(
                            worn, AdapterTest.logits(base, TOKENS, List.of(merged), 1), 1e-4f, method.label());
                }
                assertEquals(List.of("a.gguf", "b.gguf"), report.parents());
            }
        }
    }

    @Test
    void theSameSeedGivesTheSameBytesWhateverTheThreads() throws IOException {
        for (String method : MergeMethod.labels()) {
            List<String> hashes = new ArrayList<>();
            for (int threads : new int[] {1, 3}) {
                Path out = folder.resolve(method + threads + ".gguf");
                try (Adapter a = Adapter.load(first);
                        Adapter b = Adapter.load(second)) {
                    List<Integer> told = new ArrayList<>();
                    Adapters.merge(MergeMethod.of(method, MergeSettings.defaults()))
                            .add(a, 0.7)
                            .add("other", b, 0.3)
                            .threads(threads)
                            .write(out, (done, total) -> told.add(done * 10 + total));
                    assertEquals(List.of(13, 23, 33), told);
                }
                hashes.add(Sha256.of(out));
            }
            assertEquals(hashes.get(0), hashes.get(1), method);
        }
    }

    @Test
    void theFileNamesItsParentsByTheirHashes() throws IOException {
        try (Adapter a = Adapter.load(first);
                Adapter b = Adapter.load(second)) {
            Adapter inMemory =
                    Adapters.merge(new MergeMethod.Cat()).add(a, 1).merge().adapter();
            Path out = folder.resolve("out.gguf");
            Adapters.merge(new MergeMethod.Linear()).add("x", a, 1).add(b, 1).write(out);
            try (Adapter merged = Adapter.load(out)) {
                assertEquals(
                        List.of(Sha256.of(first), Sha256.of(second)),
                        merged.metadata()
                                .requireStrings("chaku.merge.adapters.sha256")
                                .toList());
                assertEquals(
                        List.of("x", "b.gguf"),
                        merged.metadata().requireStrings("chaku.merge.adapters").toList());
            }
            Adapter again = Adapters.merge(new MergeMethod.Cat())
                    .add(inMemory, 1)
                    .merge()
                    .adapter();
            assertEquals(
                    List.of(""),
                    again.metadata()
                            .requireStrings("chaku.merge.adapters.sha256")
                            .toList());
        }
    }

    @Test
    void aRunIsCalledByItsFolder() throws IOException {
        Path run = Files.createDirectory(folder.resolve("support"));
        Files.copy(first, run.resolve(Adapter.FILE_NAME));
        try (Adapter a = Adapter.load(run)) {
            assertEquals(
                    List.of("support"),
                    Adapters.merge(new MergeMethod.Cat())
                            .add(a, 1)
                            .merge()
                            .report()
                            .parents());
        }
    }

    @Test
    void noParentAndNoFileIsReplacedUnasked() throws IOException {
        byte[] before = Files.readAllBytes(first);
        Path mine = Files.writeString(folder.resolve("mine"), "mine");
        try (Adapter a = Adapter.load(first)) {
            AdapterMerge merge = Adapters.merge(new MergeMethod.Cat()).add(a, 1);
            assertThrows(BadInputException.class, () -> merge.write(mine));
            BadInputException e = assertThrows(
                    BadInputException.class, () -> merge.overwrite(true).write(first));
            assertTrue(e.getMessage().contains("expected another file than the input"), e.getMessage());
            assertArrayEquals(before, Files.readAllBytes(first));
            assertEquals("mine", Files.readString(mine));
            merge.write(mine);
            assertEquals("llama", Adapter.load(mine).architecture());
        }
    }

    @Test
    void settingsOutOfTheirRangesAreRefused() {
        assertThrows(BadInputException.class, () -> OutputRank.of(0));
        assertThrows(BadInputException.class, () -> OutputRank.keeping(0));
        assertThrows(BadInputException.class, () -> OutputRank.keeping(1.1));
        MergeSettings settings = MergeSettings.defaults();
        for (String method : List.of("ties", "dare_linear_svd", "dare_ties", "magnitude_prune")) {
            for (double density : new double[] {0, -1, 1.5, Double.NaN}) {
                BadInputException e = assertThrows(
                        BadInputException.class, () -> MergeMethod.of(method, settings.withDensity(density)));
                assertTrue(e.getMessage().startsWith("density: expected a share"), e.getMessage());
            }
        }
        BadInputException e = assertThrows(BadInputException.class, () -> MergeMethod.of("mean", settings));
        assertTrue(e.getMessage().contains("expected linear, cat, svd, slerp, ties"), e.getMessage());
        for (String label : MergeMethod.labels()) {
            assertEquals(label, MergeMethod.of(label, settings).label());
        }
        assertThrows(BadInputException.class, () -> Adapters.merge(new MergeMethod.Cat())
                .merge());
        assertThrows(BadInputException.class, () -> Adapters.merge(new MergeMethod.Cat())
                .threads(-1));
    }

    /** Merges two adapters of one product of 4000 by 4000 values, 128 MB in float64. */
    static final class LargeProduct {
        public static void main(String[] args) {
            Random random = new Random(1);
            AdapterMerge merge = Adapters.merge(MergeMethod.of("ties_svd", MergeSettings.defaults()));
            for (String name : List.of("a", "b")) {
                float[][] halves = new float[2][2 * 4000];
                for (float[] half : halves) {
                    for (int i = 0; i < half.length; i++) {
                        half[i] = (float) random.nextGaussian();
                    }
                }
                LoraPair pair = new LoraPair(DecoderModule.ATTN_Q.at(0), 2, 4000, 4000, halves[0], halves[1]);
                GgufMetadata metadata = new GgufMetadata(name, Map.of());
                merge.add(new Adapter(new AdapterWeights(name, "llama", 2, List.of(pair), metadata)), 1);
            }
            System.out.println("rank " + merge.merge().report().rank());
        }
    }

    @Test
    void wholeProductsAreNeverHeld() throws Exception {
        ChildJvm.Ended ended = ChildJvm.run(LargeProduct.class, List.of("-Xmx40m", "-XX:+UseSerialGC"));
        assertTrue(ended.output().contains("rank 2"), ended.output());
    }

    @Test
    void anInterruptEndsIt() {
        try (Adapter a = Adapter.load(first)) {
            AdapterMerge merge = Adapters.merge(new MergeMethod.Cat()).add(a, 1);
            Path out = folder.resolve("out.gguf");
            Thread.currentThread().interrupt();
            assertThrows(OperationCancelledException.class, () -> merge.write(out));
            assertTrue(Thread.interrupted(), "the status stays");
            assertFalse(Files.exists(out));
            merge.write(out);
        }
    }
}
