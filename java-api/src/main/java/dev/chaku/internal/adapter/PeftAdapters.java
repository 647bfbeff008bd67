package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.internal.io.WholeFolder;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * LoRA adapters in folders with names of Hugging Face: read as PEFT and mlx-lm write them, written as PEFT does, with
 * {@code adapter_config.json} and {@code adapter_model.safetensors}.
 */
public final class PeftAdapters {
    private static final String WEIGHTS = PeftFolder.STEM + ".safetensors";

    private PeftAdapters() {}

    /** Whether a folder holds an adapter of PEFT or mlx-lm. */
    public static boolean isPeft(Path folder) {
        return FoundAdapter.isThere(folder);
    }

    /** Whether a folder that holds one of these holds one of mlx-lm. */
    public static boolean isMlx(Path folder) {
        return FoundAdapter.isMlx(folder);
    }

    /**
     * Reads an adapter for a base.
     *
     * @param spec the base: its family decides the order of rows
     * @throws BadInputException if a file is damaged, the adapter belongs to another base, or it is more than low-rank
     *     additions and a whole embedding or output projection; the message names the setting or tensor
     */
    public static AdapterWeights read(Path folder, DecoderSpec spec) {
        return read(folder, spec, "").weights();
    }

    /**
     * An adapter that was read.
     *
     * @param weights at the places of its base
     * @param remarks what was there and changes nothing, one sentence each
     */
    public record Read(AdapterWeights weights, List<String> remarks) {}

    /**
     * The same for a base that messages name.
     *
     * @param base its file; empty for none
     */
    public static Read read(Path folder, DecoderSpec spec, String base) {
        FoundAdapter found = FoundAdapter.read(folder);
        return new Read(FoundPlaces.place(found, spec, base), found.remarks());
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
        List<Safetensors.Source> sources = new ArrayList<>(sources(modules));
        addSaved(sources, adapter, names);
        write(folder, sources, json(adapter, modules, spec, names, false));
    }

    private static String json(
            AdapterWeights adapter, List<Written> modules, DecoderSpec spec, ModuleNames names, boolean dora) {
        List<String> saved = adapter.saved().stream()
                .map(weight -> names.leaf(weight.place().module()))
                .toList();
        return config(adapter, modules, names).json(targetModules(modules, spec, names), saved, dora);
    }

    /** What was trained whole, at both ends even where it is one matrix: PEFT ties no copies of its own. */
    private static void addSaved(List<Safetensors.Source> sources, AdapterWeights adapter, ModuleNames names) {
        for (SavedWeight weight : adapter.saved()) {
            if (names.find(weight.place().module()).isEmpty()) {
                throw new BadInputException(
                        adapter.source() + ": " + weight.place().name()
                                + ": Hugging Face has no module of its own for it in " + adapter.architecture());
            }
            sources.add(new Safetensors.Source(
                    PeftModules.whole(names.fullName(weight.place())),
                    List.of((long) weight.rows(), (long) weight.columns()),
                    FloatBuffer.wrap(weight.values())));
        }
        sources.sort(Comparator.comparing(Safetensors.Source::name));
    }

    /**
     * An adapter that is more than low-rank additions, as far as a merge can take it.
     *
     * @param weights the low-rank additions; perhaps none
     * @param wholes what it says of whole weights
     * @param remarks what was there and changes nothing, one sentence each
     */
    public record Whole(AdapterWeights weights, List<WholeWeight> wholes, List<String> remarks) {}

    /**
     * Reads an adapter to be merged, whole weights included.
     *
     * @param base what messages call the base
     * @throws BadInputException as {@link #read(Path, DecoderSpec)}, but for what a merge can take
     */
    public static Whole readWhole(Path folder, DecoderSpec spec, String base) {
        FoundAdapter found = FoundAdapter.read(folder);
        AdapterWeights weights = FoundPlaces.placeBesideWholes(found, spec, base);
        return new Whole(weights.joined(spec), WholePlaces.place(found, spec), found.remarks());
    }

    /**
     * Writes what a training of DoRA has learned as a folder, in place of one that it wrote before.
     *
     * @param adapter the low-rank additions
     * @param lengths of the rows of each product that is added to
     */
    public static void writeDora(
            Path folder, AdapterWeights adapter, List<WholeWeight.Lengths> lengths, DecoderSpec spec) {
        adapter.requireFits(spec);
        ModuleNames names = ModelFamilies.modules(spec.architecture());
        List<Written> modules = modules(adapter, spec, names);
        List<Safetensors.Source> sources = new ArrayList<>(sources(modules));
        // Lengths move as rows of a B of one column do.
        List<LoraPair> carriers = lengths.stream()
                .map(each -> {
                    int columns = (int) spec.product(each.place()).orElseThrow().columns();
                    return new LoraPair(
                            each.place(), 1, columns, each.lengths().length, new float[columns], each.lengths());
                })
                .toList();
        AdapterWeights carried =
                new AdapterWeights(adapter.source(), adapter.architecture(), 1, carriers, adapter.metadata());
        for (Written written : modules(carried.joined(spec), spec, names)) {
            float[] rows = lengths(written.pair());
            String name = PeftModules.tensor(written.module(), PeftModules.Part.MAGNITUDE);
            sources.add(new Safetensors.Source(name, List.of((long) rows.length), FloatBuffer.wrap(rows)));
        }
        addSaved(sources, adapter, names);
        write(folder, sources, json(adapter, modules, spec, names, true));
    }

    /** Of columns that several products share each has its own rows, times the number of columns. */
    private static float[] lengths(LoraPair carrier) {
        float[] rows = new float[carrier.outputs()];
        for (int row = 0; row < rows.length; row++) {
            for (int r = 0; r < carrier.rank(); r++) {
                rows[row] += carrier.b()[row * carrier.rank() + r] / carrier.rank();
            }
        }
        return rows;
    }

    /** @throws BadInputException if a product is none of Hugging Face's modules in this family */
    public static void requireModules(Collection<Place> places, DecoderSpec spec) {
        ModuleNames names = ModelFamilies.modules(spec.architecture());
        for (Place place : places) {
            if (names.find(place.module()).isEmpty()
                    && FusedProducts.named(List.of(blank(place, spec)), spec, names).stream()
                            .anyMatch(pair -> names.find(pair.place().module()).isEmpty())) {
                throw new BadInputException(place.name() + ": Hugging Face has no module of its own for it in "
                        + spec.architecture() + ", by which its lengths of rows could be called; leave it out of the"
                        + " targets");
            }
        }
    }

    private static LoraPair blank(Place place, DecoderSpec spec) {
        DecoderSpec.Shape shape = spec.product(place).orElseThrow();
        int rows = Math.toIntExact(shape.rows());
        int columns = Math.toIntExact(shape.columns());
        float[] b = new float[rows];
        b[0] = 1;
        return new LoraPair(place, 1, columns, rows, new float[columns], b);
    }

    private static void write(Path folder, List<Safetensors.Source> sources, String config) {
        try (WholeFolder whole = WholeFolder.begin(folder)) {
            Safetensors.write(whole.path().resolve(WEIGHTS), Map.of("format", "pt"), sources);
            NewFile.at(whole.path().resolve(PeftConfig.FILE_NAME)).write(config);
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
        // The same adapter makes the same files, in whatever order its pairs stand.
        modules.sort(Comparator.<Written>comparingInt(
                        written -> written.pair().place().layer())
                .thenComparing(Written::module));
        return modules;
    }

    /** Sorted by name, as the reference writer does. */
    private static List<Safetensors.Source> sources(List<Written> modules) {
        Map<String, Safetensors.Source> sources = new TreeMap<>();
        for (Written written : modules) {
            LoraPair pair = written.pair();
            if (written.product() == DecoderModule.TOKEN_EMBEDDING) {
                // Of an embedding PEFT's A is B transposed, and its B is A transposed.
                put(
                        sources,
                        written.module(),
                        PeftModules.Part.EMBEDDING_A,
                        pair.rank(),
                        pair.outputs(),
                        Transposed.of(pair.b(), pair.outputs(), pair.rank()));
                put(
                        sources,
                        written.module(),
                        PeftModules.Part.EMBEDDING_B,
                        pair.inputs(),
                        pair.rank(),
                        Transposed.of(pair.a(), pair.rank(), pair.inputs()));
            } else {
                put(sources, written.module(), PeftModules.Part.A, pair.rank(), pair.inputs(), pair.a());
                put(sources, written.module(), PeftModules.Part.B, pair.outputs(), pair.rank(), pair.b());
            }
        }
        return List.copyOf(sources.values());
    }

    private static void put(
            Map<String, Safetensors.Source> sources,
            String module,
            PeftModules.Part part,
            long rows,
            long columns,
            float[] values) {
        String name = PeftModules.tensor(module, part);
        sources.put(name, new Safetensors.Source(name, List.of(rows, columns), FloatBuffer.wrap(values)));
    }

    /** One alpha serves all modules in PEFT too; ranks other than the largest go by name. */
    private static PeftConfig config(AdapterWeights adapter, List<Written> modules, ModuleNames names) {
        int rank = modules.stream()
                .mapToInt(written -> written.pair().rank())
                .max()
                .orElseThrow(() -> new BadInputException(
                        adapter.source() + ": expected products that are added to, as PEFT has it, found none"));
        Map<String, Double> ranks = new LinkedHashMap<>();
        for (Written written : modules) {
            if (written.pair().rank() != rank) {
                ranks.put(written.module(), (double) written.pair().rank());
            }
        }
        String base = adapter.metadata().findString("general.base_model.0.name").orElse("");
        return new PeftConfig(rank, adapter.alpha(), false, ranks, Map.of(), names.inputsFirst(), Map.of(), base);
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
