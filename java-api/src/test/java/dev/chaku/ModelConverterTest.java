package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.convert.HuggingFaceExport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConverterTest {
    private static final List<String> FILES = List.of(
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "model.safetensors.index.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "expected.json");

    @TempDir
    Path folder;

    /**
     * A small llama with stretched rotations, biases and shards; the logits are an independent float64 computation's.
     */
    private Path tiny() throws IOException {
        Path target = Files.createDirectories(folder.resolve("tiny-llama"));
        for (String name : FILES) {
            try (InputStream in = ModelConverterTest.class.getResourceAsStream("internal/convert/tiny-llama/" + name)) {
                Files.copy(in, target.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return target;
    }

    private Path convert(Path from) {
        Path out = folder.resolve("out.gguf");
        ModelConverter.of(from).overwrite(true).write(out);
        return out;
    }

    @Test
    void answersAsTheOriginalDoes() throws IOException {
        Map<String, Object> expected = ReferenceJson.object(ReferenceJson.read(tiny().resolve("expected.json")));
        int[] tokens = ReferenceJson.ints(expected.get("tokens"));
        List<Object> logits = ReferenceJson.list(expected.get("logits"));
        try (Model model = Model.open(convert(tiny()), Float32Device.options())) {
            float[][] found = model.logits(tokens);
            for (int t = 0; t < tokens.length; t++) {
                List<Object> row = ReferenceJson.list(logits.get(t));
                for (int v = 0; v < row.size(); v++) {
                    assertEquals(((Number) row.get(v)).doubleValue(), found[t][v], 1e-4, "token " + t + ", logit " + v);
                }
            }
            assertArrayEquals(new int[] {36, 30, 34, 27}, model.tokenizer().encode("the cow.", true, false));
            assertEquals(
                    "<|begin|>hi",
                    model.chat()
                            .orElseThrow()
                            .render(List.of(Map.of("role", "user", "content", "hi")), List.of(), false));
            assertEquals(37, model.tokenizer().eos().getAsInt());
            assertEquals("[PAD38]", model.tokenizer().piece(38));
        }
    }

    @Test
    void keepsTheFormatOrTakesAnother() throws IOException {
        assertEquals(
                GgmlType.BF16,
                GgufFile.read(convert(tiny()))
                        .requireTensor("blk.1.attn_q.weight")
                        .type());
        assertEquals(
                GgmlType.F32,
                GgufFile.read(convert(tiny()))
                        .requireTensor("blk.1.attn_q.bias")
                        .type());
        ModelConverter.Report report = ModelConverter.of(tiny())
                .format(WeightFormat.F16)
                .overwrite(true)
                .write(folder.resolve("f16.gguf"));
        assertEquals("llama", report.architecture());
        assertEquals(
                GgmlType.F16,
                GgufFile.read(folder.resolve("f16.gguf"))
                        .requireTensor("output.weight")
                        .type());
        assertEquals(Files.size(folder.resolve("f16.gguf")), report.fileBytes());
    }

    /** Sets the first number of a bfloat16 tensor of the tiny llama's first file. */
    private static void setFirst(Path folder, String tensor, int bits) throws IOException {
        Path file = folder.resolve("model-00001-of-00002.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        int header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
        Matcher place = Pattern.compile("\"" + Pattern.quote(tensor) + "\": *\\{[^}]*\"data_offsets\": *\\[([0-9]+)")
                .matcher(new String(bytes, 8, header, StandardCharsets.UTF_8));
        assertTrue(place.find(), tensor);
        ByteBuffer.wrap(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(8 + header + Integer.parseInt(place.group(1)), (short) bits);
        Files.write(file, bytes);
    }

    @Test
    void numbersThatTheFormatCannotHoldAreNamed() throws IOException {
        Path source = tiny();
        String tensor = "model.layers.0.self_attn.q_proj.weight";
        setFirst(source, tensor, 0x47c3); // 99840
        Path out = folder.resolve("f16.gguf");
        for (WeightFormat format : new WeightFormat[] {WeightFormat.F16, WeightFormat.Q8_0}) {
            BadInputException e = assertThrows(
                    BadInputException.class,
                    () -> ModelConverter.of(source).format(format).write(out));
            assertTrue(
                    e.getMessage().startsWith(source + ": tensor blk.0.attn_q.weight: expected values up to 65504"),
                    e.getMessage());
            assertTrue(e.getMessage().contains("found 99840.0 in row 0, column 0; choose BF16 or F32"), e.getMessage());
            assertFalse(Files.exists(out));
        }
        GgufFile kept = GgufFile.read(convert(source));
        assertEquals(
                0x47c3,
                kept.readTensor(kept.requireTensor("blk.0.attn_q.weight")).getShort(0));
        for (int bits : new int[] {0x7f80, 0x7fc0}) {
            setFirst(source, tensor, bits);
            BadInputException e = assertThrows(
                    BadInputException.class, () -> ModelConverter.of(source).write(out));
            assertTrue(
                    e.getMessage().contains("tensor blk.0.attn_q.weight: expected finite values, found "),
                    e.getMessage());
        }
    }

    /** The goldens, as Hugging Face would store them, and back. */
    @ParameterizedTest
    @CsvSource({
        "llama, LlamaForCausalLM",
        "llama-untied, LlamaForCausalLM",
        "llama-bias, LlamaForCausalLM",
        "llama-linear, LlamaForCausalLM",
        "llama-yarn, MistralForCausalLM",
        "qwen2, Qwen2ForCausalLM",
        "qwen3, Qwen3ForCausalLM",
        "mixtral, MixtralForCausalLM",
        "qwen2moe, Qwen2MoeForCausalLM",
        "qwen3moe, Qwen3MoeForCausalLM",
        "gemma, GemmaForCausalLM",
        "gemma2, Gemma2ForCausalLM",
        "gemma3, Gemma3ForCausalLM",
        "granite, GraniteForCausalLM",
        "smollm3, SmolLM3ForCausalLM",
        "olmo2, Olmo2ForCausalLM",
        "phi3, Phi3ForCausalLM",
        "phi3-longrope, Phi3ForCausalLM",
        "stablelm, StableLmForCausalLM",
        "starcoder2, Starcoder2ForCausalLM",
        "gpt2, GPT2LMHeadModel",
        "falcon, FalconForCausalLM",
        "gemma3, Gemma3ForConditionalGeneration",
        "gemma4, Gemma4ForCausalLM",
        "gemma4, Gemma4ForConditionalGeneration",
        "deepseek2, DeepseekV3ForCausalLM",
        "stablelm-parallel, StableLmForCausalLM",
        "gpt-oss, GptOssForCausalLM",
        "mistral3, Mistral3ForConditionalGeneration",
        "mistral3, Ministral3ForCausalLM",
        "lfm2, Lfm2ForCausalLM",
        "qwen35, Qwen3_5ForConditionalGeneration",
        "qwen35, Qwen3_5ForCausalLM",
        "qwen3next, Qwen3NextForCausalLM",
        "granitemoe, GraniteMoeSharedForCausalLM",
        "lfm2moe, Lfm2MoeForCausalLM",
        "qwen35moe, Qwen3_5MoeForConditionalGeneration",
        "qwen35moe, Qwen3_5MoeForCausalLM",
        "exaone4, Exaone4ForCausalLM",
        "command-r, CohereForCausalLM",
        "cohere2, Cohere2ForCausalLM",
        "glm4, Glm4ForCausalLM",
        "hunyuan-dense, HunYuanDenseV1ForCausalLM",
        "seed-oss, SeedOssForCausalLM",
        "phi2, PhiForCausalLM",
        "gptneox, GPTNeoXForCausalLM",
        "mpt, MPTForCausalLM",
        "bloom, BloomForCausalLM"
    })
    void convertedGoldensAreTheSame(String name, String className) throws IOException {
        Path golden = SmallModels.require(name);
        GgufFile before = GgufFile.read(golden);
        GgufFile after = GgufFile.read(convert(HuggingFaceExport.write(golden, className, folder.resolve("hf"))));
        assertSameTensors(before, after, className);
        String architecture = before.metadata().requireString("general.architecture");
        before.metadata().asMap().forEach((key, value) -> {
            if (key.startsWith(architecture + ".")) {
                assertEquals(value, after.metadata().find(key).orElse(null), key);
            }
        });
        if (ModelFamilies.architectures().contains(architecture)) {
            assertSameLogits(golden, after.path());
        }
    }

    private static void assertSameTensors(GgufFile before, GgufFile after, String className) {
        Set<String> unseen = after.tensors().stream().map(GgufTensor::name).collect(Collectors.toSet());
        for (GgufTensor tensor : before.tensors()) {
            var expected = before.readTensor(tensor).asFloatBuffer();
            FloatBuffer found = values(after, tensor.name(), unseen);
            assertEquals(expected.limit(), found.limit(), tensor.name());
            // What is stored less 1, or as a logarithm, loses a bit on the way.
            boolean rounded = className.matches("Gemma.*|Qwen3_5.*|Qwen3Next.*") && tensor.rank() == 1;
            for (int i = 0; i < expected.limit(); i++) {
                assertEquals(
                        expected.get(i),
                        found.get(i),
                        rounded ? 1e-6 * Math.max(1, Math.abs(expected.get(i))) : 0,
                        tensor.name());
            }
        }
        assertEquals(Set.of(), unseen);
    }

    /** The larger Falcons: query heads stand with the key head that they share, and each half block has a norm. */
    @Test
    void fortyBillionFalconsHaveGroupsOfHeads() throws IOException {
        GgufFile small = GgufFile.read(ReferenceData.require("parity/tiny/falcon.gguf"));
        GgufWriter writer = GgufWriter.to(folder.resolve("falcon-40b.gguf")).putAll(small.metadata());
        writer.put("falcon.attention.head_count_kv", 2);
        for (GgufTensor tensor : small.tensors()) {
            if (!tensor.name().contains("attn_qkv")) {
                writer.tensor(tensor.name(), tensor.type(), tensor.dims(), small.copyOf(tensor));
            }
            if (tensor.name().contains("attn_norm")) {
                writer.tensor(
                        tensor.name().replace("attn_norm", "attn_norm_2"),
                        tensor.type(),
                        tensor.dims(),
                        small.copyOf(tensor));
            }
        }
        for (int l = 0; l < 2; l++) {
            ByteBuffer rows = ByteBuffer.allocateDirect(128 * 64 * 4).order(ByteOrder.LITTLE_ENDIAN);
            new Random(l).doubles(128 * 64, -0.2, 0.2).forEach(value -> rows.putFloat((float) value));
            writer.tensor("blk." + l + ".attn_qkv.weight", GgmlType.F32, new long[] {64, 128}, rows.flip());
        }
        writer.write();
        GgufFile large = GgufFile.read(folder.resolve("falcon-40b.gguf"));
        Path converted = convert(HuggingFaceExport.write(large.path(), "FalconForCausalLM", folder.resolve("hf")));
        assertSameTensors(large, GgufFile.read(converted), "FalconForCausalLM");
        try (Model model = Model.open(converted, Float32Device.options());
                Model original = Model.open(large.path(), Float32Device.options())) {
            assertArrayEquals(original.logits(new int[] {3, 40, 7})[2], model.logits(new int[] {3, 40, 7})[2]);
        }
    }

    /** A file of texts does without what sees; the report says what that was. */
    @Test
    void whatSeesIsLeftOutAndNamed() throws IOException {
        Path golden = ReferenceData.require("parity/tiny/mistral3.gguf");
        Path hf = HuggingFaceExport.write(golden, "Mistral3ForConditionalGeneration", folder.resolve("hf"));
        ModelConverter.Report report = ModelConverter.of(hf).write(folder.resolve("text.gguf"));
        assertEquals(
                Set.of("vision_tower.patch_conv.weight", "model.visual.patch_embed.proj.bias"),
                Set.copyOf(report.leftOut()));
    }

    /** A tensor's numbers; where a file has query, key and value apart, theirs one after the other. */
    private static FloatBuffer values(GgufFile file, String name, Set<String> unseen) {
        List<String> parts = file.findTensor(name).isPresent()
                ? List.of(name)
                : Stream.of("q", "k", "v")
                        .map(part -> name.replace("attn_qkv", "attn_" + part))
                        .toList();
        FloatBuffer all = FloatBuffer.allocate((int) parts.stream()
                .mapToLong(part -> file.requireTensor(part).elements())
                .sum());
        for (String part : parts) {
            all.put(file.readTensor(file.requireTensor(part)).asFloatBuffer());
            unseen.remove(part);
        }
        return all.flip();
    }

    private static void assertSameLogits(Path golden, Path out) {
        String name = golden.getFileName().toString().replace(".gguf", "");
        Path data = golden.getParent();
        int[] tokens = ReferenceJson.ints(tokens(data.resolve(name + ".tokens.json")));
        float[] expected = ReferenceJson.floats(data.resolve(name + ".logits.f32"));
        try (Model model = Model.open(out, Float32Device.options());
                Model original = Model.open(golden)) {
            float[][] found = model.logits(tokens);
            int vocab = model.vocabSize();
            assertEquals(original.vocabSize(), vocab);
            // The goldens hold the logits of every position.
            assertEquals(expected.length, found.length * vocab);
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], found[i / vocab][i % vocab], tolerance(name), "position " + i / vocab);
            }
            String text = "the thing and on it";
            assertArrayEquals(
                    original.tokenizer().encode(text, true, false),
                    model.tokenizer().encode(text, true, false));
        }
    }

    /** As the goldens' own list says. */
    private static double tolerance(String name) {
        List<String> gelu = List.of(
                "gemma",
                "gemma2",
                "gemma3",
                "gemma4",
                "gpt2",
                "falcon",
                "starcoder2",
                "phi2",
                "gptneox",
                "mpt",
                "bloom");
        return gelu.contains(name) ? 0.01 : name.equals("qwen35") ? 2e-4 : 1e-4;
    }

    private static Object tokens(Path file) {
        Object json = ReferenceJson.read(file);
        return json instanceof Map<?, ?> ? ReferenceJson.object(json).get("tokens") : json;
    }

    /** What is wrong with a folder, and what the one message says. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "config.json | LlamaForCausalLM | MambaForCausalLM | architectures expects one of LlamaForCausalLM",
                "config.json | \"hidden_size\": 16 | \"hidden_size\": 32 | expects the shape [40, 32] by config.json, found [40, 16]",
                "config.json | \"num_hidden_layers\": 2 | \"num_hidden_layers\": 3 | expected a tensor 'model.layers.2.input_layernorm.weight'",
                "config.json | \"num_hidden_layers\": 2 | \"num_hidden_layers\": 1 | is not supported for LlamaForCausalLM",
                "config.json | \"num_hidden_layers\": 2 | \"num_hidden_layers\": -2 | num_hidden_layers expects a positive integer, found -2",
                "config.json | \"num_hidden_layers\": 2 | \"num_hidden_layers\": 2000000000 | num_hidden_layers expects at most",
                "config.json | \"silu\" | \"relu\" | hidden_act expects silu or swish",
                "config.json | \"llama3\" | \"warp\" | rope_scaling.rope_type expects default",
                "config.json | \"vocab_size\": 40 | \"vocab_size\": 30 | expects an id below vocab_size 30",
                "config.json | \"llama3\" | llama3 | no JSON",
                "config.json | \"model_type\": \"llama\" | \"quantization_config\": {\"quant_method\": \"gptq\"} | found gptq",
                "tokenizer.json | \"Isolated\" | \"Contiguous\" | pre_tokenizer expects one of gpt-2",
                "tokenizer.json | \"type\": \"BPE\" | \"type\": \"WordLevel\" | model.type expects BPE, WordPiece or Unigram, found WordLevel",
                "tokenizer.json | \"a\": 0 | \"a\": \"0\" | model.vocab.a expects an id",
                "model.safetensors.index.json | \"lm_head.weight\": \"model-00002 | \"lm_head.weight\": \"../model-00002 | the name of a .safetensors file",
                "model.safetensors.index.json | \"model.norm.weight\": \"model-00002 | \"model.norm.weight\": \"model-00001 | which model.safetensors.index.json places here",
                "model.safetensors.index.json | model-00002-of-00002 | model-00003-of-00002 | expected this part of the model"
            })
    void aDefectIsNamed(String file, String from, String to, String expected) throws IOException {
        Path source = tiny();
        String text = Files.readString(source.resolve(file));
        assertTrue(text.contains(from), file + " holds " + from);
        Files.writeString(source.resolve(file), text.replace(from, to));
        Path out = folder.resolve("bad.gguf");
        String message = assertThrows(
                        BadInputException.class, () -> ModelConverter.of(source).write(out))
                .getMessage();
        assertTrue(message.contains(expected), message);
        assertFalse(Files.exists(out));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "config.json | config.json: expected this file",
                "tokenizer.json | expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt, found none of them",
                "model-00001-of-00002.safetensors | expected this part of the model",
                "model.safetensors.index.json | expected model.safetensors or model.safetensors.index.json, found neither"
            })
    void aMissingFileIsNamed(String file, String expected) throws IOException {
        Path source = tiny();
        Files.delete(source.resolve(file));
        String message = assertThrows(
                        BadInputException.class, () -> ModelConverter.of(source).write(folder.resolve("x.gguf")))
                .getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void picklesAreRefusedWithTheWayOut() throws IOException {
        Path source = tiny();
        Files.move(source.resolve("model-00001-of-00002.safetensors"), source.resolve("pytorch_model.bin"));
        Files.delete(source.resolve("model.safetensors.index.json"));
        String message = assertThrows(
                        BadInputException.class, () -> ModelConverter.of(source).write(folder.resolve("x.gguf")))
                .getMessage();
        assertTrue(
                message.contains("found pytorch_model.bin alone") && message.contains("safe_serialization=True"),
                message);
    }

    @Test
    void cutShardsAreRefused() throws IOException {
        Path source = tiny();
        Path shard = source.resolve("model-00002-of-00002.safetensors");
        byte[] whole = Files.readAllBytes(shard);
        for (int length : new int[] {0, 7, 8, 100, whole.length / 2, whole.length - 1}) {
            Files.write(shard, Arrays.copyOf(whole, length));
            assertThrows(
                    BadInputException.class, () -> ModelConverter.of(source).write(folder.resolve("x.gguf")));
        }
        assertThrows(BadInputException.class, () -> ModelConverter.of(folder.resolve("none"))
                .write(folder.resolve("x.gguf")));
    }
}
