package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.GgufAdapters;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.model.SingleText;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class AdapterTest {
    private static final int[] TOKENS = {1, 10, 20, 30, 40, 50, 60};

    @TempDir
    Path folder;

    private Path adapterFile(Model base, long seed) {
        return writeRandom(folder.resolve("adapter-" + seed + ".gguf"), base, seed);
    }

    /** An adapter that changes a few products of the second layer. */
    static Path writeRandom(Path file, Model base, long seed) {
        Random random = new Random(seed);
        List<LoraPair> pairs = new ArrayList<>();
        for (DecoderModule module : List.of(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.FFN_DOWN)) {
            base.spec().weight(module.at(1)).ifPresent(weight -> {
                float[] a = values(random, 4 * (int) weight.columns());
                float[] b = values(random, (int) weight.rows() * 4);
                pairs.add(new LoraPair(module.at(1), 4, (int) weight.columns(), (int) weight.rows(), a, b));
            });
        }
        GgufAdapters.write(file, base.architecture(), 8, pairs, Map.of("chaku.note", GgufValue.of("kept")), false);
        return file;
    }

    private static float[] values(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = 0.2f * (float) random.nextGaussian();
        }
        return values;
    }

    /** Logits of all positions with adapters worn, each at its scale. */
    static float[] logits(Model model, int[] tokens, List<Adapter> adapters, float... scales) {
        List<EngineText.Worn> worn = new ArrayList<>();
        FloatBuffer logits = DirectBuffers.floats(tokens.length * model.vocabSize());
        try {
            for (int i = 0; i < scales.length; i++) {
                EngineAdapter bound = adapters.get(i).weights().bind(model.core(), model.spec());
                worn.add(new EngineText.Worn(bound, scales[i]));
            }
            try (SingleText text = new SingleText(model.core(), tokens.length, tokens.length, 0, GgmlType.F32, worn)) {
                text.read(tokens, 0, tokens.length, EnginePool.Logits.ALL, logits);
            }
        } finally {
            worn.forEach(one -> one.adapter().close());
        }
        float[] result = new float[logits.capacity()];
        logits.get(0, result);
        return result;
    }

    @Test
    void savesAndLoadsTheSame() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        try (Model base = Model.open(file)) {
            Adapter adapter = Adapter.load(adapterFile(base, 1));
            adapter.save(folder.resolve("again.gguf"));
            Adapter again = Adapter.load(folder.resolve("again.gguf"));
            assertEquals(4, again.rank());
            assertEquals(3, again.adaptedProducts());
            assertEquals("kept", again.metadata().requireString("chaku.note"));
            float[] worn = logits(base, TOKENS, List.of(adapter), 1);
            assertArrayEquals(worn, logits(base, TOKENS, List.of(again), 1));
            assertThrows(BadInputException.class, () -> again.save(folder.resolve("again.gguf")));
            double most = 0;
            float[] bare = logits(base, TOKENS, List.of());
            for (int i = 0; i < worn.length; i++) {
                most = Math.max(most, Math.abs(worn[i] - bare[i]));
            }
            assertTrue(most > 0.05, "the adapter changes the logits, by " + most);
        }
    }

    /** A scale of one half is an alpha of one half; two adapters add up whatever their order. */
    @Test
    void scalesAndAddsUp() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        try (Model base = Model.open(file)) {
            Adapter one = Adapter.load(adapterFile(base, 1));
            Adapter two = Adapter.load(adapterFile(base, 2));
            assertArrayEquals(
                    logits(base, TOKENS, List.of(one, two), 1, 0.5f),
                    logits(base, TOKENS, List.of(two, one), 0.5f, 1),
                    1e-4f);
            assertArrayEquals(logits(base, TOKENS, List.of()), logits(base, TOKENS, List.of(one), 0), 1e-6f);
            assertArrayEquals(
                    logits(base, TOKENS, List.of(one), 1), logits(base, TOKENS, List.of(one, one), 0.5f, 0.5f), 1e-4f);
        }
    }

    @Test
    void replacesAFileWhenToldTo() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        try (Model base = Model.open(file);
                Adapter one = Adapter.load(adapterFile(base, 1));
                Adapter two = Adapter.load(adapterFile(base, 2))) {
            Path target = folder.resolve("saved.gguf");
            one.save(target, true);
            BadInputException e = assertThrows(BadInputException.class, () -> two.save(target, false));
            assertTrue(e.getMessage().contains("saved.gguf"), e.getMessage());
            two.save(target, true);
            assertEquals(TinyTraining.bits(two), TinyTraining.bits(Adapter.load(target)));
        }
    }

    /** Setting an adapter is setting, as everywhere; adding has a name of its own. */
    @Test
    void isSetInPlaceOfAnother() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        try (Model base = Model.open(file, Float32Device.options());
                Adapter one = Adapter.load(adapterFile(base, 1));
                Adapter two = Adapter.load(adapterFile(base, 2))) {
            Generator generator = base.generator();
            float[] both = logits(base, TOKENS, List.of(one, two), 1, 0.5f);
            assertArrayEquals(
                    both, flat(generator.adapter(one).addAdapter(two, 0.5).logits(TOKENS)));
            assertArrayEquals(
                    logits(base, TOKENS, List.of(two), 1),
                    flat(generator.adapter(one).adapter(two).logits(TOKENS)));
            assertArrayEquals(
                    logits(base, TOKENS, List.of()),
                    flat(generator.withoutAdapters().logits(TOKENS)));
            assertThrows(BadInputException.class, () -> generator.adapter(one, Double.NaN));
            assertThrows(NullPointerException.class, () -> generator.adapter(null));
        }
    }

    private static float[] flat(float[][] rows) {
        float[] all = new float[rows.length * rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * rows[0].length, rows[0].length);
        }
        return all;
    }

    @Test
    void aClosedOneIsLetGo() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        try (Model base = Model.open(file, Float32Device.options());
                Adapter other = Adapter.load(adapterFile(base, 2))) {
            Adapter adapter = Adapter.load(adapterFile(base, 1));
            EngineAdapter inTheCore = base.loaded().bind(adapter.loaded());
            Generator generator = base.generator()
                    .adapter(adapter)
                    .prompt("abc")
                    .maxTokens(30)
                    .seed(1)
                    .endless(true);
            int[] worn = generator.generate().tokens();
            // Closed by a listener, in the midst of a text: that text ends as if nothing had happened.
            Generator closing = generator.onText(piece -> adapter.close());
            assertArrayEquals(worn, closing.generate().tokens());
            assertTrue(adapter.isClosed() && inTheCore.isClosed());
            adapter.close();
            IllegalStateException e = assertThrows(IllegalStateException.class, generator::generate);
            assertTrue(e.getMessage().contains("adapter-1.gguf is closed"), e.getMessage());
            assertThrows(IllegalStateException.class, adapter::rank);
            assertThrows(IllegalStateException.class, () -> adapter.save(folder.resolve("late.gguf")));
            assertThrows(IllegalStateException.class, () -> base.generator().adapter(adapter));
            assertTrue(adapter.toString().endsWith("adapter-1.gguf (closed)"));
            assertEquals(
                    30, generator.adapter(other).onText(piece -> {}).generate().tokens().length);
        }
    }

    @Test
    void aClosedModelIsNamedRatherThanTheAdapter() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        Model base = Model.open(file);
        try (Adapter adapter = Adapter.load(adapterFile(base, 1))) {
            Generator generator =
                    base.generator().adapter(adapter).prompt("abc").maxTokens(3);
            generator.generate();
            base.close();
            for (Executable late : List.<Executable>of(
                    generator::generate,
                    () -> generator.logits(1),
                    () -> generator.adapter(adapter),
                    () -> base.logits(new int[] {1}))) {
                IllegalStateException e = assertThrows(IllegalStateException.class, late);
                assertTrue(e.getMessage().contains("the model " + file + " is closed"), e.getMessage());
            }
        }
    }

    /** Wears many large adapters, one after another, with room for them all outside the heap. */
    static final class ManyAdapters {
        private static final int RANK = 2048;

        public static void main(String[] args) throws Exception {
            Path folder = Path.of(args[0]);
            int loads = Integer.parseInt(args[1]);
            long before = 0;
            try (Model base =
                    Model.open(TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1))) {
                Path file = folder.resolve("large.gguf");
                List<LoraPair> pairs = new ArrayList<>();
                for (TensorSpec tensor : base.spec().tensors()) {
                    DecoderModule.Place place = tensor.place();
                    if (place.module().isAdaptable()
                            && place.module().inLayers()
                            && tensor.kind() == TensorSpec.Kind.WEIGHT) {
                        int columns = (int) tensor.columns();
                        int rows = (int) tensor.rows();
                        pairs.add(new LoraPair(
                                place, RANK, columns, rows, new float[RANK * columns], new float[RANK * rows]));
                    }
                }
                GgufAdapters.write(file, base.architecture(), 8, pairs, Map.of(), false);
                for (int i = 0; i < loads; i++) {
                    try (Adapter adapter = Adapter.load(file)) {
                        base.generator()
                                .adapter(adapter)
                                .tokens(1, 2, 3)
                                .maxTokens(1)
                                .endless(true)
                                .generate();
                    }
                    before = i == 4 ? outsideTheHeap() : before;
                }
                System.out.println("grown by " + (outsideTheHeap() - before) + ", each " + Files.size(file));
            }
        }

        /** Resident memory that is not the heap's. */
        private static long outsideTheHeap() throws Exception {
            String status = Files.readString(Path.of("/proc/self/status"));
            Matcher anonymous = Pattern.compile("RssAnon:\\s+(\\d+) kB").matcher(status);
            return anonymous.find() ? Long.parseLong(anonymous.group(1)) << 10 : 0;
        }
    }

    @Test
    void manyInARowTakeTheMemoryOfAFew() throws Exception {
        // A heap whose pages are all touched at the start, so that it cannot grow; direct buffers could.
        List<String> options =
                List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=8g");
        ChildJvm.Ended ended = ChildJvm.run(ManyAdapters.class, options, folder.toString(), "40");
        Matcher numbers = Pattern.compile("grown by (-?\\d+), each (\\d+)").matcher(ended.output());
        assertTrue(numbers.find(), ended.output());
        long each = Long.parseLong(numbers.group(2));
        assertTrue(each > 10 << 20, "large enough to tell: " + each);
        assertTrue(Long.parseLong(numbers.group(1)) < 3 * each, ended.output());
    }

    @Test
    void goesThroughPeftAndBack() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        try (Model base = Model.open(file)) {
            Adapter adapter = Adapter.load(adapterFile(base, 1));
            adapter.savePeft(folder.resolve("peft"), base);
            Adapter again = Adapter.loadPeft(folder.resolve("peft"), base);
            assertArrayEquals(logits(base, TOKENS, List.of(adapter), 1), logits(base, TOKENS, List.of(again), 1));
            BadInputException e = assertThrows(BadInputException.class, () -> Adapter.load(folder.resolve("peft")));
            assertTrue(e.getMessage().contains("found one of PEFT"), e.getMessage());
        }
    }

    @Test
    void loadsAFolder() throws Exception {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        try (Model base = Model.open(file)) {
            Path out = Files.createDirectory(folder.resolve("out"));
            assertThrows(BadInputException.class, () -> Adapter.load(out));
            Files.move(adapterFile(base, 1), out.resolve("adapter.gguf"));
            assertEquals("llama", Adapter.load(out).architecture());
        }
    }

    @Test
    void isRefusedByAnotherBase() {
        Path llama = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        Path qwen = TinyModel.write(folder.resolve("q.gguf"), TinyModel.qwen2(), FormatMix.F32, 1);
        try (Model base = Model.open(llama);
                Model other = Model.open(qwen)) {
            Adapter adapter = Adapter.load(adapterFile(base, 1));
            BadInputException e =
                    assertThrows(BadInputException.class, () -> logits(other, TOKENS, List.of(adapter), 1));
            assertTrue(
                    e.getMessage().contains("adapter-1.gguf: adapter for another base: expected architecture qwen2"));
        }
    }

    /** Base and adapters give llama.cpp's logits. */
    @TestFactory
    List<DynamicTest> equalsLlamaCpp() {
        if (!ReferenceData.has("parity")) {
            return ReferenceData.skipped("parity");
        }
        Path parity = ReferenceData.require("parity");
        List<DynamicTest> tests = new ArrayList<>();
        for (Object entry : ReferenceJson.list(ReferenceJson.read(parity.resolve("lora/cases.json")))) {
            Map<String, Object> golden = ReferenceJson.object(entry);
            String name = golden.get("logits").toString();
            tests.add(DynamicTest.dynamicTest(name, () -> checkGolden(parity, golden)));
        }
        return tests;
    }

    private static void checkGolden(Path parity, Map<String, Object> golden) {
        List<Adapter> adapters = new ArrayList<>();
        List<Object> worn = ReferenceJson.list(golden.get("adapters"));
        float[] scales = new float[worn.size()];
        // With an F16 adapter llama.cpp rounds the activations to F16 too.
        float tolerance = 1e-4f;
        for (int i = 0; i < scales.length; i++) {
            Map<String, Object> one = ReferenceJson.object(worn.get(i));
            adapters.add(Adapter.load(parity.resolve(one.get("file").toString())));
            scales[i] = ((Number) one.get("scale")).floatValue();
            tolerance = one.get("file").toString().contains("f16") ? 2e-2f : tolerance;
        }
        Map<String, Object> tokens = ReferenceJson.object(
                ReferenceJson.read(parity.resolve(golden.get("tokens").toString())));
        float[] expected =
                ReferenceJson.floats(parity.resolve(golden.get("logits").toString()));
        try (Model model = Model.open(parity.resolve(golden.get("model").toString()), Float32Device.options())) {
            assertArrayEquals(
                    expected, logits(model, ReferenceJson.ints(tokens.get("tokens")), adapters, scales), tolerance);
        }
    }
}
