package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.FoundAdapter.Whole;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Brings what an adapter says of whole weights to a base. */
final class WholePlaces {
    private final FoundAdapter found;
    private final DecoderSpec spec;
    private final ModuleNames names;

    private WholePlaces(FoundAdapter found, DecoderSpec spec) {
        this.found = found;
        this.spec = spec;
        this.names = ModelFamilies.modules(spec.architecture());
    }

    /** @throws BadInputException if a tensor is of a module that a merge cannot take whole, or has another shape */
    static List<WholeWeight> place(FoundAdapter found, DecoderSpec spec) {
        WholePlaces places = new WholePlaces(found, spec);
        List<WholeWeight> wholes = new ArrayList<>();
        found.wholes().forEach(whole -> wholes.addAll(places.place(whole)));
        return wholes;
    }

    /**
     * What can be worn: an embedding and an output projection. Two of the same values are one matrix at both ends.
     *
     * @throws BadInputException if a tensor is of another module, or has another shape
     */
    static List<SavedWeight> saved(FoundAdapter found, DecoderSpec spec) {
        WholePlaces places = new WholePlaces(found, spec);
        List<SavedWeight> saved = new ArrayList<>();
        for (Whole whole : found.wholes()) {
            Place place = places.outside(whole);
            WholeWeight.Rows rows = places.rows(whole, places.vocabSize());
            float[] values = rows.all();
            float[] other = saved.isEmpty() ? values : saved.get(0).values();
            saved.add(new SavedWeight(
                    place, rows.count(), rows.columns(), Arrays.equals(values, other) ? other : values));
        }
        saved.sort(Comparator.comparing(weight -> weight.place().module()));
        return saved;
    }

    private List<WholeWeight> place(Whole whole) {
        return switch (whole.kind()) {
            case MAGNITUDE -> lengths(whole);
            case WEIGHT -> List.of(new WholeWeight.Replaced(outside(whole), rows(whole, vocabSize())));
            case TOKENS -> tokens(whole);
        };
    }

    private static String where(Whole whole) {
        return whole.matrix().file().path() + ": tensor '"
                + whole.matrix().tensor().name() + "'";
    }

    private int vocabSize() {
        return spec.decoder().vocabSize();
    }

    /** The embedding or the output projection: rows of other weights take another order in files. */
    private Place outside(Whole whole) {
        ModuleNames.Site site = names.parse(whole.module()).orElse(null);
        if (site == null || site.layer() >= 0) {
            throw new BadInputException(where(whole) + ": expected " + names.embedding() + " or " + names.output()
                    + ", which can be taken whole, found " + whole.module());
        }
        return site.modules().get(0).product().at(-1);
    }

    private WholeWeight.Rows rows(Whole whole, int count) {
        List<Long> shape = whole.matrix().tensor().shape();
        int width = spec.decoder().width();
        if (!shape.equals(List.of((long) count, (long) width))) {
            throw new BadInputException(where(whole) + ": adapter for another base: expected " + count + " rows of "
                    + width + ", found " + shape);
        }
        return new WholeWeight.Rows(whole.matrix());
    }

    /** Where one matrix is embedding and output projection, both learn the tokens. */
    private List<WholeWeight> tokens(Whole whole) {
        Place place = outside(whole);
        for (int token : whole.tokens()) {
            if (token >= vocabSize()) {
                throw new BadInputException(where(whole) + ": adapter for another base: expected tokens below "
                        + vocabSize() + ", found " + token);
            }
        }
        WholeWeight.Rows rows = rows(whole, whole.tokens().size());
        List<WholeWeight> wholes = new ArrayList<>();
        wholes.add(new WholeWeight.Tokens(place, rows, whole.tokens()));
        boolean tied = spec.weight(DecoderModule.OUTPUT.at(-1)).isEmpty();
        if (tied && place.module() == DecoderModule.TOKEN_EMBEDDING) {
            wholes.add(new WholeWeight.Tokens(DecoderModule.OUTPUT.at(-1), rows, whole.tokens()));
        }
        return wholes;
    }

    /** Rows of lengths move as those of B do. */
    private List<WholeWeight> lengths(Whole whole) {
        ModuleNames.Site site = names.parse(whole.module())
                .filter(at -> at.layer() >= 0)
                .orElseThrow(() -> new BadInputException(where(whole)
                        + ": lengths of rows are known for products of layers alone, found " + whole.module()));
        float[] values = whole.matrix().file().floats(whole.matrix().tensor().name());
        List<WholeWeight> wholes = new ArrayList<>();
        for (ModuleNames.Module part : site.modules()) {
            Place place = part.product().at(site.layer());
            if (place.module() == DecoderModule.ATTN_KV_B) {
                throw new BadInputException(where(whole) + ": the rows of " + whole.module()
                        + " lie transposed in files and have no length");
            }
            DecoderSpec.Shape shape = FusedProducts.shape(place, spec)
                    .orElseThrow(() -> new BadInputException(
                            where(whole) + ": adapter for another base: found no product " + place.name()));
            LoraPair carrier = new LoraPair(
                    place, 1, (int) shape.columns(), values.length, new float[(int) shape.columns()], values);
            for (LoraPair moved : PeftRows.toGguf(carrier, part, place, spec, where(whole))) {
                if (moved.outputs() != shape.rows()) {
                    throw new BadInputException(where(whole) + ": adapter for another base: expected " + shape.rows()
                            + " lengths, found " + moved.outputs());
                }
                for (LoraPair product : FusedProducts.split(List.of(moved), spec)) {
                    wholes.add(new WholeWeight.Lengths(product.place(), product.b()));
                }
            }
        }
        return wholes;
    }
}
