package dev.chaku.internal.convert;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.huggingface.Safetensors;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The tensors of an F32 GGUF model under the names and in the shapes that Hugging Face has. */
final class HuggingFaceTensors {
    private static final Set<String> HALVES = Set.of("llama.", "granite.", "granitemoe.", "smollm3.", "mistral3.");
    private static final Set<String> LESS_ONE =
            Set.of("gemma.", "gemma2.", "gemma3.", "qwen35.", "qwen35moe.", "qwen3next.");

    private final GgufFile file;
    private final GgufMetadata metadata;
    private final String a;
    private final String className;
    private final List<Safetensors.Source> all = new ArrayList<>();

    HuggingFaceTensors(GgufFile file, String className) {
        this.file = file;
        this.metadata = file.metadata();
        this.a = metadata.requireString("general.architecture") + ".";
        this.className = className;
    }

    List<Safetensors.Source> all() {
        for (GgufTensor tensor : file.tensors()) {
            if (!tensor.name().startsWith("rope_f") && !special(tensor)) {
                usual(tensor);
            }
        }
        if (className.endsWith("ForConditionalGeneration")) {
            add("vision_tower.patch_conv.weight", List.of(2L, 3L), new float[6]);
            add("model.visual.patch_embed.proj.bias", List.of(4L), new float[4]);
        }
        if (a.equals("gptneox.")) {
            add("gpt_neox.layers.0.attention.bias", List.of(1L, 1L, 2L, 2L), new float[4]);
            add("gpt_neox.layers.0.attention.masked_bias", List.of(1L), new float[1]);
        }
        return all;
    }

    private int number(String key) {
        return metadata.requireInt(a + key);
    }

    private int heads() {
        return number("attention.head_count");
    }

    private int headDim() {
        return metadata.findInt(a + "attention.key_length").orElse(number("embedding_length") / heads());
    }

    private float[] values(String name) {
        FloatBuffer values = file.readTensor(file.requireTensor(name)).asFloatBuffer();
        float[] out = new float[values.limit()];
        values.get(out);
        return out;
    }

    private void add(String name, List<Long> shape, float[] values) {
        all.add(new Safetensors.Source(name, shape, FloatBuffer.wrap(values)));
    }

    private static List<Long> shape(GgufTensor tensor) {
        return tensor.rank() == 1 ? List.of(tensor.dim(0)) : List.of(tensor.dim(1), tensor.dim(0));
    }

    private void usual(GgufTensor tensor) {
        String name = tensor.name();
        float[] values = values(name);
        if (name.contains("_exps.")) {
            int each = values.length / (int) tensor.dim(2);
            for (int e = 0; e < tensor.dim(2); e++) {
                add(
                        name(name).replace("{e}", "" + e),
                        List.of(tensor.dim(1), tensor.dim(0)),
                        slice(values, e * each, each));
            }
        } else if (HALVES.contains(a) && (name.contains("attn_q.") || name.contains("attn_k."))) {
            add(name(name), shape(tensor), apart(values, tensor));
        } else if (a.equals("gpt2.") && tensor.rank() == 2 && name.startsWith("blk.")) {
            add(name(name), List.of(tensor.dim(0), tensor.dim(1)), turned(values, (int) tensor.dim(0)));
        } else if (LESS_ONE.contains(a) && name.endsWith("norm.weight") && !name.contains("ssm_norm")) {
            add(name(name), shape(tensor), lessOne(values));
        } else if (name.contains("gate_inp_shexp")) {
            add(name(name), List.of(1L, tensor.dim(0)), values);
        } else {
            add(name(name), shape(tensor), values);
        }
    }

    /** Tensors that become several, share one, or change their numbers; whether this is one. */
    private boolean special(GgufTensor tensor) {
        String name = tensor.name();
        String block = name.replaceFirst("(blk\\.\\d+\\.).*", "$1");
        if (name.contains("ssm_a") && tensor.rank() == 1 && !name.contains("alpha")) {
            float[] rates = untiled(values(name), 1, 1);
            for (int i = 0; i < rates.length; i++) {
                rates[i] = (float) Math.log(-rates[i]);
            }
            add(name(block + "linear_attn.A_log"), shape(tensor), rates);
        } else if (name.contains("conv1d") || name.contains("shortconv.conv")) {
            float[] taps = a.startsWith("qwen35") ? channels(values(name), (int) tensor.dim(0)) : values(name);
            add(name(name), List.of(tensor.dim(1), 1L, tensor.dim(0)), taps);
        } else if (a.startsWith("qwen35") && !name.contains("norm") && name.matches(".*(attn_qkv|attn_gate|ssm_).*")) {
            int columns = tensor.rank() == 1 ? 1 : (int) tensor.dim(0);
            add(name(name), shape(tensor), delta(name, values(name), columns));
        } else if (a.equals("qwen3next.") && name.contains("attn_qkv")) {
            add(name(block + "linear_attn.in_proj_qkvz.weight"), groupedDelta(block, (int) tensor.dim(0)), tensor);
        } else if (List.of("granitemoe.", "qwen35moe.").contains(a) && name.contains("_exps.")) {
            packed(tensor, block);
        } else if (a.equals("granitemoe.") && name.contains("ffn_gate_shexp")) {
            add(
                    name(block + "shared_mlp.input_linear.weight"),
                    joined(List.of(values(name), values(block + "ffn_up_shexp.weight"))),
                    tensor);
        } else if (name.contains("attn_k_b.")) {
            add(name(name), heads(tensor, block), (int) tensor.dim(1));
        } else if (name.contains("attn_v_b.")) {
            return true;
        } else if (a.equals("gpt-oss.") && name.contains("_exps.")) {
            gptOss(tensor, block);
        } else if (a.equals("stablelm.") && name.matches(".*attn_[qk]_norm.*")) {
            int each = (int) tensor.dim(0);
            for (int h = 0; h < tensor.dim(1); h++) {
                String which = name.contains("attn_q") ? "q" : "k";
                add(
                        name(block + "self_attn." + which + "_layernorm.norms." + h + ".weight"),
                        List.of((long) each),
                        slice(values(name), h * each, each));
            }
        } else if (List.of("gptneox.", "bloom.", "falcon.").contains(a) && name.contains("attn_qkv")) {
            add(name(name), grouped(values(name), tensor.rank() == 1 ? 1 : (int) tensor.dim(0)), tensor);
        } else if (a.equals("phi2.") && name.contains("attn_qkv")) {
            float[] values = values(name);
            for (int part = 0; part < 3; part++) {
                List<Long> shape =
                        tensor.rank() == 1 ? List.of(tensor.dim(0) / 3) : List.of(tensor.dim(1) / 3, tensor.dim(0));
                add(
                        name(name.replace("attn_qkv", "attn_" + "qkv".charAt(part))),
                        shape,
                        slice(values, part * values.length / 3, values.length / 3));
            }
        } else {
            return a.equals("qwen3next.") && name.contains("attn_gate")
                    || a.equals("granitemoe.") && name.contains("ffn_up_shexp");
        }
        return true;
    }

    private void add(String name, float[] values, int columns) {
        add(name, List.of((long) values.length / columns, (long) columns), values);
    }

    /** What makes a head's keys, which the file holds turned, and its values; then those of the next. */
    private float[] heads(GgufTensor keys, String block) {
        float[] k = values(keys.name());
        float[] v = values(block + "attn_v_b.weight");
        int heads = (int) keys.dim(2);
        List<float[]> parts = new ArrayList<>();
        for (int h = 0; h < heads; h++) {
            int each = k.length / heads;
            parts.add(turned(slice(k, h * each, each), (int) keys.dim(0)));
            parts.add(slice(v, h * v.length / heads, v.length / heads));
        }
        return joined(parts);
    }

    private void add(String name, float[] values, GgufTensor like) {
        long columns = like.dim(0);
        add(name, like.rank() == 1 ? List.of(columns) : List.of(values.length / columns, columns), values);
    }

    /** Gate and up of each expert follow each other in one tensor of all. */
    private void packed(GgufTensor tensor, String block) {
        int experts = (int) tensor.dim(2);
        boolean granite = a.equals("granitemoe.");
        boolean down = tensor.name().contains("ffn_down");
        List<float[]> parts = new ArrayList<>();
        float[] own = values(tensor.name());
        float[] other = down ? own : values(block + "ffn_up_exps.weight");
        int each = own.length / experts;
        for (int e = 0; e < experts; e++) {
            parts.add(slice(own, e * each, each));
            if (!down) {
                parts.add(slice(other, e * each, each));
            }
        }
        if (!tensor.name().contains("ffn_up")) {
            String in = granite ? "block_sparse_moe.input_linear.weight" : "mlp.experts.gate_up_proj";
            String out = granite ? "block_sparse_moe.output_linear.weight" : "mlp.experts.down_proj";
            add(
                    name(block + (down ? out : in)),
                    List.of((long) experts, (down ? 1 : 2) * tensor.dim(1), tensor.dim(0)),
                    joined(parts));
        }
    }

    /** Gate and up become rows in turns of one tensor, whose matrices are turned; biases likewise. */
    private void gptOss(GgufTensor tensor, String block) {
        String name = tensor.name();
        if (name.contains("ffn_up_exps")) {
            return;
        }
        boolean pair = name.contains("ffn_gate_exps");
        String kind = name.substring(name.lastIndexOf('.') + 1);
        float[] values = pair
                ? inTurns(
                        values(block + "ffn_gate_exps." + kind),
                        values(block + "ffn_up_exps." + kind),
                        tensor.rank() == 2 ? 1 : (int) tensor.dim(0))
                : values(name);
        String to = name(block + "mlp.experts." + (pair ? "gate_up_proj" : "down_proj"));
        int experts = number("expert_count");
        if (kind.equals("bias")) {
            add(to + "_bias", List.of((long) experts, (long) values.length / experts), values);
            return;
        }
        int columns = (int) tensor.dim(0);
        int each = values.length / experts;
        float[] out = new float[values.length];
        for (int e = 0; e < experts; e++) {
            System.arraycopy(turned(slice(values, e * each, each), columns), 0, out, e * each, each);
        }
        add(to, List.of((long) experts, (long) columns, (long) each / columns), out);
    }

    private static float[] inTurns(float[] one, float[] other, int columns) {
        float[] out = new float[2 * one.length];
        for (int row = 0; row < one.length / columns; row++) {
            System.arraycopy(one, row * columns, out, 2 * row * columns, columns);
            System.arraycopy(other, row * columns, out, (2 * row + 1) * columns, columns);
        }
        return out;
    }

    /** Queries of a key head, the key, the value; then those of the next. */
    private float[] grouped(float[] values, int columns) {
        int groups = number("attention.head_count_kv");
        int head = headDim() * columns;
        int sharing = heads() / groups;
        List<float[]> parts = new ArrayList<>();
        for (int g = 0; g < groups; g++) {
            parts.add(slice(values, g * sharing * head, sharing * head));
            parts.add(slice(values, (heads() + g) * head, head));
            parts.add(slice(values, (heads() + groups + g) * head, head));
        }
        return joined(parts);
    }

    /** Query, key, values and gates of a key head; then those of the next. */
    private float[] groupedDelta(String block, int columns) {
        float[] qkv = values(block + "attn_qkv.weight");
        float[] gates = values(block + "attn_gate.weight");
        int groups = number("ssm.group_count");
        int keys = number("ssm.state_size") * columns;
        int each = gates.length / groups;
        List<float[]> parts = new ArrayList<>();
        for (int g = 0; g < groups; g++) {
            parts.add(slice(qkv, g * keys, keys));
            parts.add(slice(qkv, (groups + g) * keys, keys));
            parts.add(slice(qkv, 2 * groups * keys + g * each, each));
            parts.add(slice(gates, g * each, each));
        }
        return joined(parts);
    }

    private float[] delta(String name, float[] values, int columns) {
        int valueDim = number("ssm.inner_size") / number("ssm.time_step_rank");
        if (name.contains("attn_qkv")) {
            return channels(values, columns);
        }
        if (name.contains("ssm_out")) {
            return turned(untiled(turned(values, columns), valueDim, values.length / columns), values.length / columns);
        }
        return untiled(values, name.contains("attn_gate") ? valueDim : 1, columns);
    }

    /** Queries and keys, then value heads that share a key head next to each other. */
    private float[] channels(float[] values, int columns) {
        int keys = 2 * number("ssm.group_count") * number("ssm.state_size") * columns;
        float[] rest = slice(values, keys, values.length - keys);
        return joined(List.of(
                slice(values, 0, keys),
                untiled(rest, number("ssm.inner_size") / number("ssm.time_step_rank"), columns)));
    }

    /** From heads that go round the key heads to those of one key head after those of another. */
    private float[] untiled(float[] values, int rows, int columns) {
        if (!a.startsWith("qwen35")) {
            return values;
        }
        int groups = number("ssm.group_count");
        int each = rows * columns;
        List<float[]> parts = new ArrayList<>();
        for (int g = 0; g < groups; g++) {
            for (int head = g; head < number("ssm.time_step_rank"); head += groups) {
                parts.add(slice(values, head * each, each));
            }
        }
        return joined(parts);
    }

    private static float[] slice(float[] values, int from, int length) {
        return Arrays.copyOfRange(values, from, from + length);
    }

    private static float[] joined(List<float[]> parts) {
        float[] out = new float[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, out, at, part.length);
            at += part.length;
        }
        return out;
    }

    private static float[] turned(float[] values, int columns) {
        int rows = values.length / columns;
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i % columns * rows + i / columns] = values[i];
        }
        return out;
    }

    private static float[] lessOne(float[] values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = values[i] - 1;
        }
        return out;
    }

    /** Neighbours of a head become its halves. */
    private float[] apart(float[] values, GgufTensor tensor) {
        int headDim = headDim();
        int rows = (int) (tensor.rank() == 1 ? tensor.dim(0) : tensor.dim(1));
        int columns = values.length / rows;
        float[] out = new float[values.length];
        for (int row = 0; row < rows; row++) {
            int within = row % headDim;
            int to = row - within + (within % 2 == 0 ? within / 2 : headDim / 2 + within / 2);
            System.arraycopy(values, row * columns, out, to * columns, columns);
        }
        return out;
    }

    private String name(String gguf) {
        boolean twoNorms = file.findTensor("blk.0.attn_norm_2.weight").isPresent();
        String own = twoNorms ? gguf.replace("attn_norm_2", "ln_attn").replace("attn_norm", "ln_mlp") : gguf;
        return HuggingFaceNames.of(a, className, own);
    }
}
