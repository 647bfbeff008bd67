package dev.chaku.internal.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ModelConverter;
import dev.chaku.ReferenceData;
import dev.chaku.WeightFormat;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.convert.HuggingFaceExport;
import dev.chaku.internal.convert.HuggingFaceModel;
import dev.chaku.internal.convert.ModelOutline;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Mxfp4RowsTest {
    private static final int BLOCK = 17;

    @TempDir
    Path folder;

    private final Map<String, byte[]> parts = new LinkedHashMap<>();
    private final StringBuilder header = new StringBuilder("{");
    private int at;

    /** The golden with experts in MXFP4, as Hugging Face would have it: all else as in the one in F32. */
    private Path folder(GgufFile golden) throws IOException {
        Path plain = ReferenceData.require("parity/tiny/gpt-oss.gguf");
        Path hf = HuggingFaceExport.write(plain, "GptOssForCausalLM", folder.resolve("hf"));
        StringBuilder places = new StringBuilder();
        for (int l = 0; l < 3; l++) {
            String block = "blk." + l + ".";
            String experts = "model.layers." + l + ".mlp.experts.";
            ByteBuffer gate = golden.readTensor(golden.requireTensor(block + "ffn_gate_exps.weight"));
            ByteBuffer up = golden.readTensor(golden.requireTensor(block + "ffn_up_exps.weight"));
            put(experts + "gate_up_proj", inTurns(gate, up, 2 * BLOCK), 4, 64, 2);
            put(
                    experts + "down_proj",
                    golden.readTensor(golden.requireTensor(block + "ffn_down_exps.weight")),
                    4,
                    64,
                    1);
        }
        parts.keySet().forEach(name -> places.append("\"").append(name).append("\": \"experts.safetensors\", "));
        byte[] json = (header.substring(0, header.length() - 1) + "}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + at)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json);
        parts.values().forEach(file::put);
        Files.write(hf.resolve("experts.safetensors"), file.array());
        Path index = hf.resolve("model.safetensors.index.json");
        String text =
                Files.readString(index).replaceAll("\"[a-z0-9.]+experts\\.(gate_up|down)_proj\":\"[^\"]+\",?", "");
        Files.writeString(index, text.replace("\"weight_map\":{", "\"weight_map\":{" + places));
        Path config = hf.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceFirst("\\{", "{\"quantization_config\": {\"quant_method\": \"mxfp4\"}, "));
        return hf;
    }

    private static ByteBuffer inTurns(ByteBuffer one, ByteBuffer other, int rowBytes) {
        ByteBuffer out = ByteBuffer.allocate(2 * one.limit());
        for (int row = 0; row < one.limit() / rowBytes; row++) {
            out.put(one.slice(row * rowBytes, rowBytes)).put(other.slice(row * rowBytes, rowBytes));
        }
        return out.flip();
    }

    /** Elements next to each other share a byte, and scales have a tensor of their own. */
    private void put(String name, ByteBuffer blocks, int experts, int rows, int perRow) {
        int count = blocks.limit() / BLOCK;
        byte[] pairs = new byte[count * 16];
        byte[] scales = new byte[count];
        for (int b = 0; b < count; b++) {
            int[] elements = new int[32];
            for (int j = 0; j < 16; j++) {
                int both = blocks.get(b * BLOCK + 1 + j) & 0xff;
                elements[j] = both & 15;
                elements[j + 16] = both >> 4;
            }
            scales[b] = blocks.get(b * BLOCK);
            for (int j = 0; j < 16; j++) {
                pairs[b * 16 + j] = (byte) (elements[2 * j] | elements[2 * j + 1] << 4);
            }
        }
        put(name + "_blocks", pairs, experts + "," + rows + "," + perRow + ",16");
        put(name + "_scales", scales, experts + "," + rows + "," + perRow);
    }

    private void put(String name, byte[] bytes, String shape) {
        parts.put(name, bytes);
        header.append(String.format(
                "\"%s\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[%d,%d]},",
                name, shape, at, at + bytes.length));
        at += bytes.length;
    }

    private GgufFile write(ModelOutline outline, FormatMix mix) {
        Path out = folder.resolve(mix + ".gguf");
        outline.write(new ModelOutline.Target(out, mix, true, 1), name -> {}, n -> {});
        return GgufFile.read(out);
    }

    @Test
    void blocksOfExpertsStayAsTheyAre() throws IOException {
        GgufFile golden = GgufFile.read(ReferenceData.require("parity/tiny/gpt-oss-mxfp4.gguf"));
        HuggingFaceModel.Found found = HuggingFaceModel.read(folder(golden));
        GgufFile kept = write(found.outline(), FormatMix.F32);
        assertEquals(38, kept.metadata().requireInt("general.file_type"));
        assertEquals(golden.tensors().size(), kept.tensors().size());
        for (GgufTensor tensor : golden.tensors()) {
            GgufTensor mine = kept.requireTensor(tensor.name());
            assertEquals(tensor.type(), mine.type(), tensor.name());
            assertEquals(golden.readTensor(tensor), kept.readTensor(mine), tensor.name());
        }
        GgufFile eightBits = write(found.outline(), FormatMix.Q8_0);
        assertEquals(7, eightBits.metadata().requireInt("general.file_type"));
        assertEquals(
                GgmlType.MXFP4,
                eightBits.requireTensor("blk.1.ffn_up_exps.weight").type());
        assertEquals(
                GgmlType.Q8_0, eightBits.requireTensor("blk.1.attn_q.weight").type());
    }

    @Test
    void decodedTheyAreTheSameNumbers() throws IOException {
        GgufFile golden = GgufFile.read(ReferenceData.require("parity/tiny/gpt-oss-mxfp4.gguf"));
        GgufFile decoded = write(HuggingFaceModel.read(folder(golden)).outline().decoded(), FormatMix.F32);
        assertEquals(0, decoded.metadata().requireInt("general.file_type"));
        for (GgufTensor tensor : golden.tensors()) {
            if (tensor.type() == GgmlType.MXFP4) {
                FloatBuffer expected = DirectBuffers.floats((int) tensor.elements());
                Engines.codec().dequantize(GgmlType.MXFP4, golden.readTensor(tensor), expected);
                assertEquals(GgmlType.F32, decoded.requireTensor(tensor.name()).type());
                assertEquals(
                        expected.rewind(),
                        decoded.readTensor(decoded.requireTensor(tensor.name())).asFloatBuffer(),
                        tensor.name());
            }
        }
    }

    /** Who names no format keeps the blocks; who names one without blocks wants numbers. */
    @Test
    void theConverterKeepsBlocksUnlessNumbersAreAskedFor() throws IOException {
        Path hf = folder(GgufFile.read(ReferenceData.require("parity/tiny/gpt-oss-mxfp4.gguf")));
        ModelConverter converter = ModelConverter.of(hf).overwrite(true).threads(1);
        converter.write(folder.resolve("out.gguf"), progress -> {});
        String name = "blk.0.ffn_gate_exps.weight";
        assertEquals(
                GgmlType.MXFP4,
                GgufFile.read(folder.resolve("out.gguf")).requireTensor(name).type());
        converter.format(WeightFormat.F16).write(folder.resolve("out.gguf"), progress -> {});
        assertEquals(
                GgmlType.F16,
                GgufFile.read(folder.resolve("out.gguf")).requireTensor(name).type());
        converter.format(WeightFormat.parse("q4_0")).write(folder.resolve("out.gguf"), progress -> {});
        assertEquals(
                GgmlType.MXFP4,
                GgufFile.read(folder.resolve("out.gguf")).requireTensor(name).type());
    }

    /** The format reserves a scale for "not a number"; the last byte of the file is a scale. */
    @Test
    void blocksThatSayNoNumbersAreNamed() throws IOException {
        Path hf = folder(GgufFile.read(ReferenceData.require("parity/tiny/gpt-oss-mxfp4.gguf")));
        byte[] bytes = Files.readAllBytes(hf.resolve("experts.safetensors"));
        bytes[bytes.length - 1] = (byte) 0xff;
        Files.write(hf.resolve("experts.safetensors"), bytes);
        Path out = folder.resolve("out.gguf");
        ModelConverter keeping = ModelConverter.of(hf).threads(1);
        ModelConverter decoding = ModelConverter.of(hf).threads(1).format(WeightFormat.F32);
        for (ModelConverter converter : List.of(keeping, decoding)) {
            String message = assertThrows(BadInputException.class, () -> converter.write(out, progress -> {}))
                    .getMessage();
            assertTrue(
                    message.contains("tensor 'model.layers.2.mlp.experts.down_proj_scales': expected finite values"),
                    message);
            assertTrue(message.contains("NaN in row 255"), message);
            assertFalse(Files.exists(out));
        }
    }

    @Test
    void blocksOfAnotherShapeAreRefused() throws IOException {
        Path hf = folder(GgufFile.read(ReferenceData.require("parity/tiny/gpt-oss-mxfp4.gguf")));
        Path config = hf.resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replace("\"intermediate_size\":32", "\"intermediate_size\":64"));
        String message = assertThrows(BadInputException.class, () -> HuggingFaceModel.read(hf))
                .getMessage();
        assertTrue(
                message.contains(
                        "gate_up_proj_blocks' expects the shape [4, 128, 2, 16] by config.json, found [4, 64, 2, 16]"),
                message);
    }
}
