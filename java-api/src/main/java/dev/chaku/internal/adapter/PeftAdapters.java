package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.PeftExperts.Expert;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.internal.io.WholeFolder;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * LoRA adapters as Hugging Face's PEFT writes them: a folder with {@code adapter_config.json} and
 * {@code adapter_model.safetensors}.
 *
 * <p>A GGUF file has one alpha and scales each product with alpha / its rank. PEFT's rsLoRA and alpha patterns become
 * that where one alpha says it all (rsLoRA of one rank: alpha * sqrt(rank)); otherwise the rest of the scale is
 * multiplied into B.
 */
public final class PeftAdapters {
    private static final String WEIGHTS = "adapter_model.safetensors";

    private PeftAdapters() {}

    /** Whether a folder holds a PEFT adapter. */
    public static boolean isPeft(Path folder) {
        return Files.isRegularFile(folder.resolve(PeftConfig.FILE_NAME));
    }

    /**
     * Reads an adapter for a base.
     *
     * @param spec the base: its family decides the order of rows
     * @throws BadInputException if a file is damaged, the adapter belongs to another base, or it is more than low-rank
     *     additions (DoRA, saved modules, trained embeddings); the message names the setting or tensor
     */
    public static AdapterWeights read(Path folder, DecoderSpec spec) {
        ModuleNames names = ModelFamilies.modules(spec.architecture());
        PeftConfig config = PeftConfig.read(folder.resolve(PeftConfig.FILE_NAME), names.inputsFirst());
        Safetensors file = Safetensors.read(folder.resolve(WEIGHTS));
        Map<String, Halves> modules = new LinkedHashMap<>();
        for (Safetensors.Tensor tensor : file.tensors().values()) {
            collect(file, tensor, modules);
        }
        if (modules.isEmpty()) {
            throw new BadInputException(file.path() + ": expected tensors of LoRA modules, found none");
        }
        float alpha = commonAlpha(config, modules.values());
        List<LoraPair> pairs = new ArrayList<>();
        Map<Expert, LoraPair> experts = new LinkedHashMap<>();
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        if (!config.base().isEmpty()) {
            metadata.put("general.base_model.count", GgufValue.ofUint32(1));
            metadata.put("general.base_model.0.name", GgufValue.of(config.base()));
        }
        modules.forEach((module, halves) -> {
            ModuleNames.Site site = names.parse(module).orElse(null);
            if (site == null) {
                Expert expert =
                        PeftExperts.parse(module, names).orElseThrow(() -> unknown(file, halves.any(), module, names));
                experts.put(expert, halves.pair(file, expert.place(), config, alpha));
            } else {
                for (ModuleNames.Module part : site.modules()) {
                    Place place = part.product().at(site.layer());
                    pairs.addAll(PeftRows.toGguf(
                            halves.pair(file, place, config, alpha),
                            part,
                            place,
                            spec,
                            file.path().toString()));
                }
            }
        });
        pairs.addAll(PeftExperts.stack(folder.toString(), experts, spec));
        AdapterWeights read = new AdapterWeights(
                folder.toString(), spec.architecture(), alpha, pairs, new GgufMetadata(folder.toString(), metadata));
        read.requireFits(spec);
        return read;
    }

    private static BadInputException unknown(Safetensors file, String tensor, String module, ModuleNames names) {
        return new BadInputException(
                file.path() + ": tensor '" + tensor + "': this version adapts no module '" + module + "'; it adapts "
                        + String.join(", ", names.names()) + ", and gate, up and down projections of experts");
    }

    private static void collect(Safetensors file, Safetensors.Tensor tensor, Map<String, Halves> modules) {
        PeftModules.Half half = PeftModules.parseTensor(tensor.name())
                .orElseThrow(() -> new BadInputException(file.path() + ": tensor '" + tensor.name()
                        + "' is no LoRA matrix of a linear module; magnitudes "
                        + "(DoRA), saved modules and embeddings cannot be part of a LoRA file, merge them first"));
        Halves halves = modules.computeIfAbsent(half.module(), Halves::new);
        if (tensor.shape().size() != 2
                || tensor.shape().stream().anyMatch(size -> size < 1 || size > Integer.MAX_VALUE)) {
            throw new BadInputException(file.path() + ": tensor '" + tensor.name()
                    + "': expected 2 dimensions of at least 1, found " + tensor.shape());
        }
        if ((half.isA() ? halves.a : halves.b) != null) {
            throw new BadInputException(file.path() + ": tensor '" + tensor.name() + "': a second one of its module");
        }
        if (half.isA()) {
            halves.a = tensor;
        } else {
            halves.b = tensor;
        }
    }

    /** What was found of a module. */
    private static final class Halves {
        private final String module;
        private Safetensors.@Nullable Tensor a;
        private Safetensors.@Nullable Tensor b;

        Halves(String module) {
            this.module = module;
        }

        /** The name of one of its tensors. */
        String any() {
            return a != null ? a.name() : b != null ? b.name() : module;
        }

        LoraPair pair(Safetensors file, Place place, PeftConfig config, float alpha) {
            if (a == null || b == null) {
                throw new BadInputException(file.path() + ": module " + module
                        + ": expected lora_A and lora_B, found only lora_" + (a == null ? "B" : "A"));
            }
            int rank = Math.toIntExact(a.shape().get(0));
            if (rank != b.shape().get(1) || rank != config.rankOf(module)) {
                throw new BadInputException(
                        file.path() + ": module " + module + ": expected rank " + Math.round(config.rankOf(module))
                                + " by the configuration, found lora_A " + a.shape() + " and lora_B " + b.shape());
            }
            float[] bValues = file.floats(b.name());
            double wanted = config.scaleOf(module) * rank;
            if ((float) wanted != alpha) {
                double rest = wanted / alpha;
                for (int i = 0; i < bValues.length; i++) {
                    bValues[i] = (float) (bValues[i] * rest);
                }
            }
            return new LoraPair(
                    place,
                    rank,
                    Math.toIntExact(a.shape().get(1)),
                    Math.toIntExact(b.shape().get(0)),
                    file.floats(a.name()),
                    bValues);
        }
    }

    /** The alpha that says the scales of most modules, so that B is altered in as few as can be. */
    private static float commonAlpha(PeftConfig config, Iterable<Halves> modules) {
        Map<Float, Integer> votes = new LinkedHashMap<>();
        for (Halves halves : modules) {
            votes.merge((float) (config.scaleOf(halves.module) * config.rankOf(halves.module)), 1, Integer::sum);
        }
        return votes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    /**
     * Writes an adapter as a new folder, whole or not at all.
     *
     * @param spec the base of the adapter
     * @throws BadInputException if the folder exists, or the adapter belongs to another base
     * @throws ResourceException if it cannot be written
     */
    public static void write(Path folder, AdapterWeights adapter, DecoderSpec spec) {
        adapter.requireFits(spec);
        ModuleNames names = ModelFamilies.modules(spec.architecture());
        List<Written> modules = modules(adapter, spec, names);
        NewFile.requireNewFolder(folder);
        try (WholeFolder whole = WholeFolder.begin(folder)) {
            Safetensors.write(whole.path().resolve(WEIGHTS), Map.of("format", "pt"), sources(modules));
            NewFile.at(whole.path().resolve(PeftConfig.FILE_NAME))
                    .write(config(adapter, modules).json(targetModules(modules, spec, names), names.inputsFirst()));
            whole.place();
        } catch (IOException e) {
            throw FileFault.notWritten(folder, e);
        }
    }

    /** A module to be written, by its full name, and what it is here. */
    private record Written(String module, DecoderModule product, LoraPair pair) {}

    private static List<Written> modules(AdapterWeights adapter, DecoderSpec spec, ModuleNames names) {
        Map<String, List<LoraPair>> products = new LinkedHashMap<>();
        List<Written> modules = new ArrayList<>();
        for (LoraPair pair : FusedProducts.named(adapter.pairs(), spec, names)) {
            Place place = pair.place();
            if (place.module().isStacked()) {
                for (int e = 0; e < pair.experts(); e++) {
                    String module = PeftExperts.module(place, e, names, spec.architecture());
                    modules.add(new Written(module, place.module(), PeftExperts.one(pair, e)));
                }
            } else if (names.find(place.module()).isEmpty()) {
                throw new BadInputException(
                        adapter.source() + ": " + place.name() + ": Hugging Face has no module of its own for it in "
                                + spec.architecture() + "; adapters of it are exchanged as GGUF files");
            } else {
                products.computeIfAbsent(names.fullName(place), unused -> new ArrayList<>())
                        .add(pair);
            }
        }
        products.forEach((module, pairs) -> modules.add(
                new Written(module, pairs.get(0).place().module(), PeftRows.toHuggingFace(pairs, names, spec))));
        return modules;
    }

    /** Sorted by name, as the reference writer does. */
    private static List<Safetensors.Source> sources(List<Written> modules) {
        Map<String, Safetensors.Source> sources = new TreeMap<>();
        for (Written written : modules) {
            LoraPair pair = written.pair();
            String a = PeftModules.tensor(written.module(), true);
            String b = PeftModules.tensor(written.module(), false);
            List<Long> aShape = List.of((long) pair.rank(), (long) pair.inputs());
            List<Long> bShape = List.of((long) pair.outputs(), (long) pair.rank());
            sources.put(a, new Safetensors.Source(a, aShape, FloatBuffer.wrap(pair.a())));
            sources.put(b, new Safetensors.Source(b, bShape, FloatBuffer.wrap(pair.b())));
        }
        return List.copyOf(sources.values());
    }

    /** One alpha serves all modules in PEFT too; ranks other than the largest go by name. */
    private static PeftConfig config(AdapterWeights adapter, List<Written> modules) {
        int rank = modules.stream()
                .mapToInt(written -> written.pair().rank())
                .max()
                .orElseThrow();
        Map<String, Double> ranks = new LinkedHashMap<>();
        for (Written written : modules) {
            if (written.pair().rank() != rank) {
                ranks.put(written.module(), (double) written.pair().rank());
            }
        }
        String base = adapter.metadata().findString("general.base_model.0.name").orElse("");
        return new PeftConfig(rank, adapter.alpha(), false, ranks, Map.of(), base);
    }

    /** Short names for what every layer has, full names otherwise. */
    private static List<String> targetModules(List<Written> modules, DecoderSpec spec, ModuleNames names) {
        Map<DecoderModule, List<String>> byProduct = new TreeMap<>();
        for (Written written : modules) {
            byProduct
                    .computeIfAbsent(written.product(), unused -> new ArrayList<>())
                    .add(written.module());
        }
        List<String> targets = new ArrayList<>();
        byProduct.forEach((product, full) -> {
            if (product.isStacked()) {
                targets.addAll(expertNames(product, full, spec, names));
            } else if (!product.inLayers() || full.size() == spec.layers().size()) {
                targets.add(names.leaf(product));
            } else {
                targets.addAll(full);
            }
        });
        return targets;
    }

    /** Experts of all layers by their names within one. */
    private static Collection<String> expertNames(
            DecoderModule module, List<String> places, DecoderSpec spec, ModuleNames names) {
        int experts = spec.stacked(module.at(0));
        if (places.size() != (long) experts * spec.layers().size()) {
            return places;
        }
        return IntStream.range(0, experts)
                .mapToObj(e -> PeftExperts.withinLayer(module, e, names, spec.architecture()))
                .map(name -> name.substring(name.indexOf('.') + 1))
                .toList();
    }
}
