package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.adapter.merge.AdapterMerger;
import dev.chaku.internal.adapter.merge.MergeParent;
import dev.chaku.internal.adapter.merge.WeightRule;
import dev.chaku.io.NewFile;
import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeReport;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/**
 * Merges adapters of one base into one adapter, in float64, without the base. Made by {@link Adapters#merge}.
 *
 * <pre>{@code
 * MergeReport report = Adapters.merge(new MergeMethod.Svd(OutputRank.of(16)))
 *         .add(support, 0.7)
 *         .add(legal, 0.3)
 *         .write(Path.of("both.gguf"));
 * }</pre>
 *
 * <p>At a product of N outputs and K inputs an adapter of rank R has A [R, K] and B [N, R] and adds weight · alpha / R
 * · B A. Adapters agree in the family of the base and in N and K of every product that several of them have; ranks may
 * differ where the method combines products. A product that some adapter lacks counts as zero there. The same adapters,
 * settings and seed give the same bytes, whatever the number of threads. Not thread-safe.
 */
public final class AdapterMerge {
    private final MergeMethod method;
    private final List<MergeParent> parents = new ArrayList<>();
    private final List<WeightRule> rules = new ArrayList<>();
    private boolean force;
    private boolean overwrite;
    private int threads;

    AdapterMerge(MergeMethod method) {
        this.method = method;
    }

    /**
     * Adds an adapter under the name of its file.
     *
     * @param adapter stays open until the merge is done
     * @param weight what it counts; less than 0 takes it away (task arithmetic)
     * @return this
     */
    public AdapterMerge add(Adapter adapter, double weight) {
        return add(nameOf(adapter.weights().source()), adapter, weight);
    }

    /**
     * Adds an adapter.
     *
     * @param name what messages, the report and the lineage call it
     * @param adapter stays open until the merge is done
     * @param weight what it counts; less than 0 takes it away (task arithmetic)
     * @return this
     */
    public AdapterMerge add(String name, Adapter adapter, double weight) {
        parents.add(new MergeParent(name, adapter.weights(), weight));
        return this;
    }

    private static String nameOf(String source) {
        try {
            Path file = Path.of(source);
            Path folder = file.toAbsolutePath().getParent();
            boolean ofRun = file.endsWith(Adapter.FILE_NAME) && folder != null && folder.getFileName() != null;
            return (ofRun ? folder : file).getFileName().toString();
        } catch (InvalidPathException e) {
            return source;
        }
    }

    /**
     * Other weights for some products. Of several rules that match a product the first counts.
     *
     * @param products an expression that is found in their names, such as {@code attn_q} or {@code ^blk\.0\.}
     * @param weights one for each adapter, in the order in which they are added
     * @return this
     */
    public AdapterMerge weights(Pattern products, double... weights) {
        rules.add(WeightRule.ofName(products, listOf(weights)));
        return this;
    }

    /**
     * Other weights for some layers. Of several rules that match a product the first counts.
     *
     * @param first layer, from 0
     * @param last layer, with it
     * @param weights one for each adapter, in the order in which they are added
     * @return this
     * @throws BadInputException if there are no such layers
     */
    public AdapterMerge layerWeights(int first, int last, double... weights) {
        rules.add(WeightRule.ofLayers(first, last, listOf(weights)));
        return this;
    }

    private static List<Double> listOf(double... weights) {
        return Arrays.stream(weights).boxed().toList();
    }

    /**
     * Whether adapters are merged whose files say that they were trained on different base files, if family and shapes
     * agree. They are refused unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public AdapterMerge force(boolean on) {
        force = on;
        return this;
    }

    /**
     * Whether a file that is there already is replaced. It is not unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public AdapterMerge overwrite(boolean on) {
        overwrite = on;
        return this;
    }

    /**
     * How many threads compute.
     *
     * @param count 0, the default: one per core
     * @return this
     * @throws BadInputException if it is out of its range
     */
    public AdapterMerge threads(int count) {
        threads = ModelOptions.requireThreads(count);
        return this;
    }

    /**
     * A merged adapter in memory.
     *
     * @param adapter to be worn, saved or merged again
     * @param report what was done
     */
    public record Result(Adapter adapter, MergeReport report) {}

    /**
     * {@return the merged adapter, in memory}
     *
     * @throws BadInputException if the adapters do not fit each other, the method or the weights; both sides are named
     */
    public Result merge() {
        return merge((done, total) -> {});
    }

    /**
     * {@return the merged adapter, in memory}
     *
     * @param listener told how many products are done, and of how many, from the calling thread
     * @throws BadInputException if the adapters do not fit each other, the method or the weights; both sides are named
     */
    public Result merge(BiConsumer<Integer, Integer> listener) {
        AdapterMerger.Result result = new AdapterMerger(method, rules, force).merge(parents, threads, listener);
        return new Result(new Adapter(result.adapter()), result.report());
    }

    /**
     * Writes the merged adapter without telling anybody how far it is, see {@link #write(Path, BiConsumer)}.
     *
     * @param target the file to write
     * @return what was done
     */
    public MergeReport write(Path target) {
        return write(target, (done, total) -> {});
    }

    /**
     * Writes the merged adapter as a GGUF file, whole or not at all. Its metadata name the parents, the hashes of their
     * files, the method and its settings ({@code chaku.merge.*}).
     *
     * @param target the file to write
     * @param listener told how many products are done, and of how many, from the calling thread
     * @return what was done
     * @throws BadInputException if the adapters do not fit each other, the method or the weights, or if the file exists
     *     and is not to be replaced, or is one of theirs
     * @throws ResourceException if the disk is full; nothing is left behind
     */
    public MergeReport write(Path target, BiConsumer<Integer, Integer> listener) {
        List<Path> inputs = parents.stream()
                .flatMap(parent -> fileOf(parent.adapter().source()).stream())
                .toList();
        NewFile.at(target).overwrite(overwrite).inputs(inputs).check();
        Result result = merge(listener);
        result.adapter().save(target, overwrite);
        return result.report();
    }

    private static Optional<Path> fileOf(String source) {
        try {
            return Optional.of(Path.of(source)).filter(Files::isRegularFile);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }
}
