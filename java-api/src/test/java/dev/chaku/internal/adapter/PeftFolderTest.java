package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.huggingface.Safetensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands in folders of PEFT beside plain pairs of one file. */
class PeftFolderTest {
    private static final String PREFIX = "base_model.model.";
    private static final String Q0 = PREFIX + "model.layers.0.self_attn.q_proj";

    @TempDir
    Path folder;

    private final DecoderSpec qwen = Adapters.base("qwen2");
    private final LoraPair q = Adapters.pair(qwen, DecoderModule.ATTN_Q, 0, 4, 1);
    private final LoraPair down = Adapters.pair(qwen, DecoderModule.FFN_DOWN, 1, 4, 2);
    private final List<Safetensors.Source> tensors = new ArrayList<>();

    @BeforeEach
    void plain() throws IOException {
        config("");
        module(Q0, q);
    }

    private void config(String members) throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"),
                ("{'peft_type':'LORA','r':4,'lora_alpha':8" + members + "}").replace('\'', '"'));
    }

    private void tensor(String name, float[] values, long... shape) {
        tensors.add(source(name, values, shape));
    }

    private static Safetensors.Source source(String name, float[] values, long... shape) {
        return new Safetensors.Source(name, Arrays.stream(shape).boxed().toList(), FloatBuffer.wrap(values));
    }

    private void module(String name, LoraPair pair) {
        tensor(name + ".lora_A.weight", pair.a(), pair.rank(), pair.inputs());
        tensor(name + ".lora_B.weight", pair.b(), pair.outputs(), pair.rank());
    }

    private FoundAdapter found() {
        Safetensors.write(folder.resolve("adapter_model.safetensors"), Map.of("format", "pt"), tensors);
        return FoundAdapter.read(folder);
    }

    private AdapterWeights read() {
        found();
        return PeftAdapters.read(folder, qwen);
    }

    private String refusal() {
        found();
        return assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen))
                .getMessage();
    }

    private static void assertSame(LoraPair expected, LoraPair found) {
        assertEquals(expected.place(), found.place());
        assertArrayEquals(expected.a(), found.a());
        assertArrayEquals(expected.b(), found.b());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.layers.0.self_attn.q_proj",
                "layers.0.self_attn.q_proj",
                "base_model.model.model.layers.0.self_attn.q_proj",
                "base_model.model.base_model.model.model.layers.0.self_attn.q_proj",
                "base_model.model.language_model.model.layers.0.self_attn.q_proj",
                "base_model.model.model.language_model.layers.0.self_attn.q_proj",
                "base_model.model.model.language_model.model.layers.0.self_attn.q_proj",
                "base_model.model.thinker.model.layers.0.self_attn.q_proj",
                "base_model.model.model.text_model.layers.0.self_attn.q_proj",
                "module.base_model.model.model.layers.0.self_attn.q_proj",
                "_orig_mod.base_model.model.model.layers.0._checkpoint_wrapped_module.self_attn.q_proj",
            })
    void prefixesOfToolsAndOuterModelsArePassedOver(String name) {
        tensors.clear();
        module(name, q);
        AdapterWeights read = read();
        assertEquals(1, read.pairs().size());
        assertSame(q, read.pairs().get(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lm_head", "base_model.model.language_model.lm_head", "base_model.model.lm_head"})
    void theHeadMayStandInAnOuterModelToo(String name) {
        LoraPair head = Adapters.pair(qwen, DecoderModule.OUTPUT, -1, 4, 5);
        module(name, head);
        assertSame(head, read().pairs().get(1));
    }

    @Test
    void twoNamesOfOneModuleAreRefused() {
        module(PREFIX + "language_model.model.layers.0.self_attn.q_proj", q);
        String message = refusal();
        assertTrue(message.contains("language_model.model.layers.0.self_attn.q_proj.lora_A.weight'"), message);
        assertTrue(message.contains("a second one of its module"), message);
    }

    /** What PEFT adds to an embedding is a table: A has a column for each token. */
    @Test
    void embeddingsGoRoundAndIntoGguf() {
        LoraPair table = Adapters.pair(qwen, DecoderModule.TOKEN_EMBEDDING, -1, 4, 6);
        String name = PREFIX + "model.embed_tokens.lora_embedding_";
        tensor(name + "A", Transposed.of(table.b(), 30, 4), 4, 30);
        tensor(name + "B", Transposed.of(table.a(), 4, 16), 16, 4);
        AdapterWeights read = read();
        assertSame(table, read.pairs().get(1));

        Path again = folder.resolve("again");
        PeftAdapters.write(again, read, qwen);
        Safetensors written = Safetensors.read(again.resolve("adapter_model.safetensors"));
        assertArrayEquals(Transposed.of(table.b(), 30, 4), written.floats(name + "A"));
        assertEquals(List.of(16L, 4L), written.tensors().get(name + "B").shape());

        // As llama.cpp has it: rows of lora_a are tokens.
        Path file = folder.resolve("adapter.gguf");
        GgufAdapters.write(file, "qwen2", 8, read.pairs(), Map.of(), false);
        GgufFile gguf = GgufFile.read(file);
        assertArrayEquals(
                new long[] {4, 30},
                gguf.requireTensor("token_embd.weight.lora_a").dims());
        assertArrayEquals(
                new long[] {4, 16},
                gguf.requireTensor("token_embd.weight.lora_b").dims());
        assertSame(table, GgufAdapters.read(file).pairs().get(1));
    }

    /** PEFT writes the base's own weight beside what it adds to an embedding. */
    @Test
    void copiesOfTheBaseAreTold() {
        tensor(PREFIX + "lm_head.base_layer.weight", new float[480], 30, 16);
        FoundAdapter found = found();
        assertEquals(List.of(), found.beyond());
        assertTrue(found.remarks().get(0).contains("'base_model.model.lm_head.base_layer.weight' is a copy"));
    }

    @Test
    void whatSeesIsLeftOutAndTold() {
        module(PREFIX + "visual.blocks.0.attn.qkv", q);
        module(PREFIX + "model.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj", q);
        FoundAdapter found = found();
        assertEquals(1, found.modules().size());
        assertEquals(1, found.remarks().size());
        assertTrue(found.remarks().get(0).contains("(and 3 more like it) is of what sees or hears"));
        assertEquals(1, PeftAdapters.read(folder, qwen).pairs().size());
    }

    @Test
    void partsWithAnIndexAreOne() throws IOException {
        module(PREFIX + "model.layers.1.mlp.down_proj", down);
        StringBuilder map = new StringBuilder();
        for (int part = 0; part < 2; part++) {
            String file = "adapter_model-0000" + (part + 1) + "-of-00002.safetensors";
            List<Safetensors.Source> own = tensors.subList(2 * part, 2 * part + 2);
            Safetensors.write(folder.resolve(file), Map.of(), own);
            own.forEach(
                    source -> map.append(map.isEmpty() ? "" : ",").append('"' + source.name() + "\":\"" + file + '"'));
        }
        Files.writeString(folder.resolve("adapter_model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
        AdapterWeights read = PeftAdapters.read(folder, qwen);
        assertSame(q, read.pairs().get(0));
        assertSame(down, read.pairs().get(1));
        Files.delete(folder.resolve("adapter_model-00002-of-00002.safetensors"));
        String message = assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen))
                .getMessage();
        assertTrue(message.contains("adapter_model-00002-of-00002.safetensors: expected this part of the adapter"));
    }

    @Test
    void aPickleIsRefusedWithTheWayOut() throws IOException {
        Files.writeString(folder.resolve("adapter_model.bin"), "x");
        String message = assertThrows(BadInputException.class, () -> FoundAdapter.read(folder))
                .getMessage();
        assertTrue(message.contains("adapter_model.bin alone") && message.contains("save_pretrained"), message);
    }

    /** 1.5 and -2 as BF16, F16 and F32: what a narrow type holds is read exactly. */
    @ParameterizedTest
    @CsvSource({"BF16, 3fc0, c000", "F16, 3e00, c000", "F32, 3fc00000, c0000000"})
    void floatsOfEveryWidthAreRead(String type, String even, String odd) throws IOException {
        int width = even.length() / 2;
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (int i = 0; i < 4 * 16 + 24 * 4; i++) {
            long bits = Long.parseLong(i % 2 == 0 ? even : odd, 16);
            ByteBuffer bytes =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bits);
            data.write(bytes.array(), 0, width);
        }
        String header = ("{'" + Q0 + ".lora_A.weight':{'dtype':'" + type + "','shape':[4,16],'data_offsets':[0,"
                        + 64 * width + "]},'" + Q0 + ".lora_B.weight':{'dtype':'" + type
                        + "','shape':[24,4],'data_offsets':[" + 64 * width + "," + 160 * width + "]}}")
                .replace('\'', '"');
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length())
                .array());
        file.write(header.getBytes(StandardCharsets.UTF_8));
        data.writeTo(file);
        Files.write(folder.resolve("adapter_model.safetensors"), file.toByteArray());
        LoraPair pair = PeftAdapters.read(folder, qwen).pairs().get(0);
        for (float[] values : List.of(pair.a(), pair.b())) {
            for (int i = 0; i < values.length; i++) {
                assertEquals(i % 2 == 0 ? 1.5f : -2f, values[i]);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ",'use_dora':true | use_dora = true is not supported: DoRA rescales whole weights",
                ",'modules_to_save':['lm_head'] | modules_to_save = [lm_head] is not supported: whole trained modules",
                ",'trainable_token_indices':[1] | trainable_token_indices = [1] is not supported: trained embeddings",
            })
    void whatCanOnlyBeAModelSaysSo(String members, String expected) throws IOException {
        config(members);
        String message = refusal();
        assertTrue(message.contains(expected), message);
        assertTrue(message.endsWith(FoundAdapter.MERGED), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ",'target_parameters':['mlp.experts.gate_up_proj'] | target_parameters = [mlp.experts.gate_up_proj]",
                ",'arrow_config':{'top_k':3} | arrow_config",
                ",'use_bdlora':true | use_bdlora = true is not supported: this version does not know what it changes",
                ",'lora_bias':true | lora_bias = true",
            })
    void settingsThatChangeTheNumbersAreRefusedByName(String members, String expected) throws IOException {
        config(members);
        String message = refusal();
        assertTrue(message.contains("adapter_config.json: " + expected), message);
    }

    @Test
    void settingsThatChangeNothingAreReadOverAndUnknownOnesTold() throws IOException {
        config(
                ",'peft_version':'0.18.0','task_type':'CAUSAL_LM','lora_dropout':0.1,'target_modules':['q_proj'],"
                        + "'use_bdlora':false,'qalora_group_size':16,'ensure_weight_tying':false,'loftq_config':{},'colour':'blue'");
        FoundAdapter found = found();
        assertEquals(List.of(), found.beyond());
        assertEquals(1, found.remarks().size(), found.remarks().toString());
        assertTrue(found.remarks().get(0).endsWith("colour is not known here and passed over, found blue"));
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight, DoRA's magnitudes",
        "model.embed_tokens.weight, it is no LoRA matrix but a whole weight",
        "model.embed_tokens.token_adapter.trainable_tokens_delta, trained embeddings",
        "model.layers.0.self_attn.q_proj.lora_B.bias, biases of B",
    })
    void tensorsBeyondLoraAreNamed(String name, String why) {
        tensor(PREFIX + name, new float[24], 24);
        FoundAdapter found = found();
        assertEquals(1, found.beyond().size());
        String sentence = found.beyond().get(0).sentence();
        assertTrue(sentence.contains("'" + PREFIX + name + "' is not supported: " + why), sentence);
    }
}
