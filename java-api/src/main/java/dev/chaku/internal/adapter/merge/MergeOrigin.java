package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufValueType;
import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.io.Sha256;
import dev.chaku.io.FileFault;
import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.OutputRank;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What the metadata of a merged adapter say of its making: its parents, with the hashes of their files, and how they
 * were merged; and of its base what all parents say.
 */
public final class MergeOrigin {
    /** What all keys begin with that say what was merged, and how. */
    public static final String PREFIX = "chaku.merge.";

    /** The key of the method's name. */
    public static final String METHOD = PREFIX + "method";

    /** The key of the names of the parents, in their order. */
    public static final String ADAPTERS = PREFIX + "adapters";

    /** The key of the SHA-256 of the parents' files, empty for one that was in memory alone. */
    public static final String HASHES = PREFIX + "adapters.sha256";

    /** The key of the weights of the parents. */
    public static final String WEIGHTS = PREFIX + "weights";

    /** What parents have in common and the child inherits. */
    private static final List<String> OF_THE_BASE = List.of(
            "general.base_model.count",
            "general.base_model.0.name",
            "general.base_model.0.organization",
            "general.base_model.0.repo_url",
            "general.license",
            AdapterKeys.FILE,
            AdapterKeys.LICENCE,
            AdapterKeys.VOCABULARY,
            AdapterKeys.FINGERPRINT,
            AdapterKeys.HASH);

    private MergeOrigin() {}

    /**
     * The key values of a result.
     *
     * @param hashes of the parents' files, in their order
     */
    static Map<String, GgufValue> of(
            List<MergeParent> parents, List<String> hashes, MergeMethod method, List<WeightRule> rules) {
        Map<String, GgufValue> keys = new LinkedHashMap<>();
        List<String> names = parents.stream().map(MergeParent::name).toList();
        keys.put("general.name", GgufValue.of(String.join(" + ", names)));
        for (String key : OF_THE_BASE) {
            common(parents, key).ifPresent(value -> keys.put(key, value));
        }
        boolean conversations = parents.stream().anyMatch(parent -> parent.adapter()
                .metadata()
                .findBool(AdapterKeys.CONVERSATIONS)
                .orElse(false));
        keys.put(AdapterKeys.CONVERSATIONS, GgufValue.of(conversations));
        keys.put(METHOD, GgufValue.of(method.label()));
        keys.put(ADAPTERS, GgufArray.Strings.of(names));
        keys.put(HASHES, GgufArray.Strings.of(hashes));
        keys.put(WEIGHTS, weights(parents));
        method.settings().forEach((name, value) -> keys.put(PREFIX + name, value(value)));
        method.outputRank().ifPresent(rank -> put(rank, keys));
        if (!rules.isEmpty()) {
            keys.put(
                    PREFIX + "weight_rules",
                    GgufArray.Strings.of(
                            rules.stream().map(WeightRule::toString).toList()));
        }
        return keys;
    }

    private static void put(OutputRank rank, Map<String, GgufValue> keys) {
        if (rank.limit() > 0) {
            keys.put(PREFIX + "rank", GgufValue.ofUint32(rank.limit()));
        }
        if (rank.isByEnergy()) {
            keys.put(PREFIX + "energy", real(rank.energy()));
        }
    }

    private static Optional<GgufValue> common(List<MergeParent> parents, String key) {
        Optional<GgufValue> first = parents.get(0).adapter().metadata().find(key);
        boolean same = parents.stream()
                .allMatch(parent -> Objects.equals(parent.adapter().metadata().find(key), first));
        return same ? first : Optional.empty();
    }

    /** The SHA-256 of the file of a parent; empty if it has none. */
    static String hash(MergeParent parent) {
        try {
            Path file = Path.of(parent.adapter().source());
            return Files.isRegularFile(file) ? Sha256.of(file) : "";
        } catch (InvalidPathException e) {
            return "";
        } catch (IOException e) {
            throw FileFault.notRead(Path.of(parent.adapter().source()), e);
        }
    }

    private static GgufValue weights(List<MergeParent> parents) {
        float[] weights = new float[parents.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) parents.get(i).weight();
        }
        return GgufArray.Numbers.of(weights);
    }

    private static GgufValue value(Object value) {
        if (value instanceof Long number) {
            return new GgufValue.Int(GgufValueType.INT64, number);
        }
        return value instanceof Double number ? real(number) : GgufValue.of(value.toString());
    }

    private static GgufValue real(double value) {
        return new GgufValue.Real(GgufValueType.FLOAT64, Double.doubleToRawLongBits(value));
    }
}
