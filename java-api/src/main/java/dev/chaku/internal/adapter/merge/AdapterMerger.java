package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.adapter.merge.AlignedProducts.Product;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeReport;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * Merges adapters product by product, several at a time. Each product is computed by one thread and from its own
 * matrices alone, so that the result does not depend on the threads. Memory: the adapters, the result, and for each
 * thread what one product takes in float64.
 */
public final class AdapterMerger {
    private final MergeMethod method;
    private final List<WeightRule> rules;
    private final boolean force;

    /**
     * What came of it.
     *
     * @param adapter the result; its products have the scale 1
     * @param report what was done
     */
    public record Result(AdapterWeights adapter, MergeReport report) {}

    private record MergedPair(int rank, float[] a, float[] b, OptionalDouble energy) {}

    /**
     * A merger.
     *
     * @param rules for weights, the first that matches counts
     * @param force whether adapters of bases with different hashes are merged
     */
    public AdapterMerger(MergeMethod method, List<WeightRule> rules, boolean force) {
        this.method = method;
        this.rules = List.copyOf(rules);
        this.force = force;
    }

    /**
     * Checks that the adapters can be merged, in a moment.
     *
     * @throws BadInputException if they do not fit each other, the method or the rules
     */
    public void check(List<MergeParent> parents) {
        align(parents);
    }

    private List<Product> align(List<MergeParent> parents) {
        if (parents.isEmpty()) {
            throw new BadInputException("expected at least one adapter to merge, found none");
        }
        parents.forEach(parent -> parent.adapter().requireNothingSaved("merging adapters"));
        boolean isSlerp = method instanceof MergeMethod.Slerp;
        if (isSlerp && parents.size() != 2) {
            throw new BadInputException("slerp expects two adapters, found " + parents.size());
        }
        BaseAgreement.require(parents, force);
        List<Product> products = AlignedProducts.of(parents, method, rules);
        requireWeights(parents.stream().map(MergeParent::weight).toList(), "the weights of the adapters", isSlerp);
        for (WeightRule rule : rules) {
            if (rule.weights().size() != parents.size()) {
                throw new BadInputException(rule.words() + ": expected one for each of the " + parents.size()
                        + " adapters, found " + rule.weights().size());
            }
            requireWeights(rule.weights(), rule.words(), isSlerp);
        }
        boolean nothing =
                products.stream().allMatch(product -> product.weights().stream().allMatch(weight -> weight == 0));
        if (nothing) {
            throw new BadInputException("the weights of the adapters: expected one other than 0, found none");
        }
        return products;
    }

    private static void requireWeights(List<Double> weights, String what, boolean isSlerp) {
        for (double weight : weights) {
            if (!Double.isFinite(weight)) {
                throw new BadInputException(what + ": expected finite numbers, found " + weight);
            }
            if (isSlerp && weight < 0) {
                throw new BadInputException(what + ": slerp expects weights of at least 0, found " + weight);
            }
        }
        if (isSlerp && weights.stream().mapToDouble(Double::doubleValue).sum() == 0) {
            throw new BadInputException(what + ": slerp expects one of more than 0, found none");
        }
    }

    /**
     * Merges.
     *
     * @param threads that compute; 0 for one per core that the JVM may use
     * @param listener told how many products are done, and of how many, by the calling thread
     * @throws BadInputException if they do not fit each other, the method or the rules, or a value becomes too large
     */
    public Result merge(List<MergeParent> parents, int threads, BiConsumer<Integer, Integer> listener) {
        List<Product> products = align(parents);
        MergeRule rule = MergeRules.of(method);
        List<String> hashes = new ArrayList<>();
        List<MergedPair> merged = new ArrayList<>();
        ExecutorService workers = workers(Math.min(threads(threads), parents.size() + products.size()));
        try {
            // Files are read once more, while products are computed.
            List<Future<String>> reading = new ArrayList<>();
            for (MergeParent parent : parents) {
                reading.add(workers.submit(() -> MergeOrigin.hash(parent)));
            }
            List<Future<MergedPair>> tasks = new ArrayList<>();
            for (Product product : products) {
                tasks.add(workers.submit(() -> merge(product, parents, rule)));
            }
            for (Future<MergedPair> task : tasks) {
                merged.add(await(task));
                listener.accept(merged.size(), tasks.size());
            }
            for (Future<String> hash : reading) {
                hashes.add(await(hash));
            }
        } finally {
            end(workers);
        }
        return result(parents, hashes, products, merged);
    }

    private static int threads(int wanted) {
        return wanted > 0 ? wanted : Runtime.getRuntime().availableProcessors();
    }

    private static ExecutorService workers(int number) {
        return Executors.newFixedThreadPool(number, work -> {
            Thread thread = new Thread(work, "chaku-merging");
            thread.setDaemon(true);
            return thread;
        });
    }

    private static <T> T await(Future<T> task) {
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException("merging failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException("interrupted while merging");
        }
    }

    private static void end(ExecutorService workers) {
        workers.shutdownNow();
        try {
            workers.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private MergedPair merge(Product product, List<MergeParent> parents, MergeRule rule) {
        LoraPair shape = product.first();
        List<Merged> experts = new ArrayList<>();
        for (int expert = 0; expert < shape.experts(); expert++) {
            experts.add(rule.merge(terms(product, parents, expert)));
        }
        return stack(shape, experts);
    }

    private static Terms terms(Product product, List<MergeParent> parents, int expert) {
        List<Term> terms = new ArrayList<>();
        for (int i = 0; i < parents.size(); i++) {
            LoraPair pair = product.pairs().get(i);
            if (pair != null) {
                terms.add(new Term(
                        i,
                        product.weights().get(i),
                        (double) parents.get(i).adapter().alpha() / pair.rank(),
                        pair.rank(),
                        pair.a(),
                        expert * pair.rank() * pair.inputs(),
                        pair.b(),
                        expert * pair.rank() * pair.outputs()));
            }
        }
        LoraPair shape = product.first();
        return new Terms(product.place().name(), expert, shape.outputs(), shape.inputs(), product.weights(), terms);
    }

    /** The matrices of all experts with one rank, the largest of theirs; those of less have zeros in its place. */
    private static MergedPair stack(LoraPair shape, List<Merged> experts) {
        int rank = experts.stream().mapToInt(Merged::rank).max().orElseThrow();
        float[] a = new float[Math.toIntExact((long) experts.size() * rank * shape.inputs())];
        float[] b = new float[Math.toIntExact((long) experts.size() * rank * shape.outputs())];
        OptionalDouble energy = OptionalDouble.empty();
        for (int e = 0; e < experts.size(); e++) {
            Merged one = experts.get(e);
            int aFrom = e * rank * shape.inputs();
            for (int i = 0; i < one.a().length; i++) {
                a[aFrom + i] = (float) one.a()[i];
            }
            for (int row = 0; row < shape.outputs(); row++) {
                int bFrom = (e * shape.outputs() + row) * rank;
                for (int r = 0; r < one.rank(); r++) {
                    b[bFrom + r] = (float) one.b()[row * one.rank() + r];
                }
            }
            if (one.energy().isPresent()) {
                double kept = one.energy().getAsDouble();
                energy = OptionalDouble.of(Math.min(kept, energy.orElse(kept)));
            }
        }
        return new MergedPair(rank, a, b, energy);
    }

    private Result result(
            List<MergeParent> parents, List<String> hashes, List<Product> products, List<MergedPair> merged) {
        int largest = merged.stream().mapToInt(MergedPair::rank).max().orElseThrow();
        List<String> names = parents.stream().map(MergeParent::name).toList();
        String source = "merge of " + String.join(", ", names);
        List<LoraPair> pairs = new ArrayList<>();
        List<MergeReport.Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < products.size(); i++) {
            Product product = products.get(i);
            MergedPair pair = merged.get(i);
            LoraPair shape = product.first();
            // A file has one alpha, and scales each product with alpha / its rank.
            float scale = (float) pair.rank() / largest;
            for (int n = 0; scale != 1 && n < pair.b().length; n++) {
                pair.b()[n] *= scale;
            }
            pairs.add(new LoraPair(
                    product.place(),
                    shape.experts(),
                    pair.rank(),
                    shape.inputs(),
                    shape.outputs(),
                    pair.a(),
                    pair.b()));
            tensors.add(new MergeReport.Tensor(
                    product.place().name(), product.ranks(), product.weights(), pair.rank(), pair.energy()));
        }
        GgufMetadata metadata = new GgufMetadata(source, MergeOrigin.of(parents, hashes, method, rules));
        String family = parents.get(0).adapter().architecture();
        return new Result(
                new AdapterWeights(source, family, largest, pairs, metadata),
                new MergeReport(method, names, largest, tensors));
    }
}
