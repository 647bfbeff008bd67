package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.FoundAdapter.Beyond;
import dev.chaku.internal.adapter.FoundModule.Matrix;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Safetensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Folders as mlx-lm writes them: {@code adapter_config.json} with {@code lora_parameters}, and
 * {@code adapters.safetensors}. Products are x A B there: matrices of linear modules are transposed, those of
 * embeddings and of stacked experts are not. The {@code scale} is the whole factor: what stands beside it as
 * {@code alpha} was never read with it.
 */
final class MlxFolder {
    static final String WEIGHTS = "adapters.safetensors";
    private static final Pattern HALF = Pattern.compile("(.+)\\.lora_([ab])");

    private final Path folder;
    private final JsonFile config;
    private final List<Beyond> beyond = new ArrayList<>();

    private MlxFolder(Path folder, JsonFile config) {
        this.folder = folder;
        this.config = config;
    }

    /** @throws BadInputException if a file is missing or damaged, or matrices do not pair up */
    static FoundAdapter read(Path folder) {
        return new MlxFolder(folder, JsonFile.read(folder.resolve(PeftConfig.FILE_NAME))).read();
    }

    private FoundAdapter read() {
        refuseOthers();
        double scale = scale();
        Safetensors file = Safetensors.read(folder.resolve(WEIGHTS));
        Map<String, Safetensors.Tensor[]> halves = new LinkedHashMap<>();
        for (Safetensors.Tensor tensor : file.tensors().values()) {
            Matcher matcher = HALF.matcher(tensor.name());
            if (matcher.matches()) {
                halves.computeIfAbsent(matcher.group(1), unused -> new Safetensors.Tensor[2])[
                        matcher.group(2).equals("a") ? 0 : 1] = tensor;
            } else {
                beyond.add(Beyond.mergeable(
                        file.path() + ": tensor '" + tensor.name() + "'", "it is no LoRA matrix but a whole weight"));
            }
        }
        List<FoundModule> modules = new ArrayList<>();
        halves.forEach((module, ab) -> modules.add(module(file, module, ab[0], ab[1], scale)));
        String base = config.findString("model").orElse("");
        return new FoundAdapter(folder, FoundAdapter.Kind.MLX, base, false, modules, beyond, List.of(), List.of());
    }

    private void refuseOthers() {
        String type = config.findString("fine_tune_type").orElse("lora");
        if (!type.equals("lora")) {
            String what = config.path() + ": fine_tune_type = " + type;
            beyond.add(new Beyond(what, "it is no low-rank addition; fuse it into its base with mlx_lm.fuse first"));
        } else if (config.bool("use_dora", false)) {
            beyond.add(
                    new Beyond(
                            config.path() + ": use_dora = true",
                            "DoRA rescales whole weights and is no low-rank addition; fuse it into its base with mlx_lm.fuse first"));
        }
    }

    /** What the product is multiplied with; the oldest configurations have alpha and rank alone. */
    private double scale() {
        JsonFile lora = config.findObject("lora_parameters")
                .orElseThrow(() -> config.error("lora_parameters", "an object with rank and scale", null));
        double scale = lora.has("scale") || !lora.has("alpha")
                ? lora.requireDouble("scale")
                : lora.requireDouble("alpha") / lora.requireCount("rank");
        if (!(scale > 0)) {
            throw lora.error("scale", "a number above 0", scale);
        }
        return scale;
    }

    private FoundModule module(
            Safetensors file, String name, Safetensors.Tensor a, Safetensors.Tensor b, double scale) {
        if (a == null || b == null) {
            throw new BadInputException(file.path() + ": module " + name + ": expected lora_a and lora_b, found only "
                    + (a == null ? "lora_b" : "lora_a"));
        }
        String module = ModuleNames.bare(name);
        FoundModule found = b.shape().size() == 3 ? stacked(file, module, a, b, scale) : null;
        if (found == null && a.shape().size() == 2 && b.shape().size() == 2 && fits(a) && fits(b)) {
            boolean embedding = ModuleNames.isAnEmbedding(module);
            Matrix first = new Matrix(file, a, !embedding);
            Matrix second = new Matrix(file, b, !embedding);
            // Of an embedding lora_a is the table, [V, R], and lora_b [R, D].
            found = embedding
                    ? FoundModule.of(module, scale, second, first)
                    : FoundModule.of(module, scale, first, second);
        }
        if (found == null || found.rank() != found.b().columns() && found.experts() == 1) {
            throw new BadInputException(file.path() + ": module " + name
                    + ": expected lora_a [inputs, rank] and lora_b [rank, outputs], found " + a.shape() + " and "
                    + b.shape());
        }
        return found;
    }

    /** Of all experts of a product: lora_a [E R, K] or [E, R, K], lora_b [E, N, R]. */
    private static @Nullable FoundModule stacked(
            Safetensors file, String module, Safetensors.Tensor a, Safetensors.Tensor b, double scale) {
        long experts = b.shape().get(0);
        long outputs = b.shape().get(1);
        long rank = b.shape().get(2);
        int dims = a.shape().size();
        boolean fits = fits(a)
                && fits(b)
                && (dims == 2 && a.shape().get(0) == experts * rank
                        || dims == 3 && a.shape().get(0) == experts && a.shape().get(1) == rank);
        return fits
                ? new FoundModule(
                        module,
                        (int) experts,
                        (int) rank,
                        (int) (long) a.shape().get(dims - 1),
                        (int) outputs,
                        scale,
                        new Matrix(file, a, false),
                        new Matrix(file, b, false))
                : null;
    }

    private static boolean fits(Safetensors.Tensor tensor) {
        return tensor.shape().stream().allMatch(size -> size >= 1 && size <= Integer.MAX_VALUE)
                && tensor.shape().stream().reduce(1L, Math::multiplyExact) <= Integer.MAX_VALUE;
    }
}
