package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.BaseVocabulary;
import dev.chaku.internal.adapter.GgufAdapters;
import dev.chaku.internal.adapter.ModelFingerprint;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.io.Sha256;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a merged model says of where it comes from, as key values of its file. */
public final class MergeLineage {
    /** The hash of the base's bytes. */
    public static final String BASE_HASH = MergeOrigin.PREFIX + "base.sha256";

    private MergeLineage() {}

    /**
     * Adds it to a file.
     *
     * @param settings by name: what else decided the bytes
     */
    public static void describe(
            GgufWriter writer, GgufFile base, List<BaseMerge.Worn> adapters, Map<String, String> settings) {
        List<String> names = new ArrayList<>();
        List<String> hashes = new ArrayList<>();
        float[] scales = new float[adapters.size()];
        for (BaseMerge.Worn worn : adapters) {
            scales[names.size()] = (float) worn.scale();
            names.add(fileName(worn.adapter().source()));
            hashes.add(hash(worn.adapter()));
        }
        writer.put(MergeOrigin.PREFIX + "base.file", fileName(base.path().toString()))
                .put(BASE_HASH, base.sha256())
                .put(MergeOrigin.ADAPTERS, GgufValue.of(names))
                .put(MergeOrigin.HASHES, GgufValue.of(hashes))
                .put(MergeOrigin.PREFIX + "scales", GgufValue.of(scales));
        settings.forEach((name, value) -> writer.put(MergeOrigin.PREFIX + name, value));
    }

    /** Writes the adapter of what rounding lost, for the merged model. */
    public static void writeDelta(Path file, GgufFile merged, List<LoraPair> pairs, boolean overwrite) {
        Map<String, GgufValue> told = new LinkedHashMap<>();
        told.put(AdapterKeys.FILE, GgufValue.of(fileName(merged.path().toString())));
        told.put(AdapterKeys.FINGERPRINT, GgufValue.of(ModelFingerprint.of(merged)));
        told.put(AdapterKeys.HASH, GgufValue.of(merged.sha256()));
        BaseVocabulary.hash(merged.metadata()).ifPresent(hash -> told.put(AdapterKeys.VOCABULARY, GgufValue.of(hash)));
        told.put("general.description", GgufValue.of("What the rounding of a merge lost"));
        GgufAdapters.write(
                file, merged.metadata().requireString("general.architecture"), KeptDelta.ALPHA, pairs, told, overwrite);
    }

    private static String fileName(String path) {
        Path name = Path.of(path).getFileName();
        return name == null ? path : name.toString();
    }

    /** The hash of an adapter's file; of its matrices where it has none. */
    private static String hash(AdapterWeights adapter) {
        Path file = Path.of(adapter.source());
        try {
            if (Files.isRegularFile(file)) {
                return Sha256.of(file);
            }
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
        Sha256 sum = new Sha256();
        for (LoraPair pair : adapter.pairs()) {
            sum.add(pair.place().name().getBytes(StandardCharsets.UTF_8));
            sum.add(ByteBuffer.allocate(Double.BYTES)
                    .putDouble((double) adapter.alpha() / pair.rank())
                    .flip());
            add(pair.a(), sum);
            add(pair.b(), sum);
        }
        for (SavedWeight weight : adapter.saved()) {
            sum.add(weight.place().name().getBytes(StandardCharsets.UTF_8));
            add(weight.values(), sum);
        }
        return sum.hex();
    }

    private static void add(float[] values, Sha256 sum) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        sum.add(bytes);
    }
}
