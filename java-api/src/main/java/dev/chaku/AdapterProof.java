package dev.chaku;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What {@link AdapterVerifier} found.
 *
 * @param pairs ways to compute the same texts, two and two
 * @param positions positions of texts that were compared
 * @param change mean KL of base with adapter and base without, in nats: how much the adapter does, beside which the
 *     other differences are to be seen
 * @param notes what could not be compared and why, and what is worth knowing though it passes; one sentence each
 */
public record AdapterProof(List<Pair> pairs, long positions, double change, List<String> notes) {

    /**
     * Copies its lists.
     *
     * @param pairs ways to compute the same texts
     * @param positions positions that were compared
     * @param change how much the adapter does
     * @param notes what is worth knowing
     */
    public AdapterProof {
        pairs = List.copyOf(pairs);
        notes = List.copyOf(notes);
    }

    /**
     * Two ways to compute the same texts.
     *
     * @param a one of {@code trainer}, {@code base+adapter}, {@code merged}, {@code gguf}, {@code peft}
     * @param b another of them
     * @param maxDifference the largest difference of two logits
     * @param kl mean of KL(a, b) over the positions, in nats
     * @param top1Agreement share of positions whose likeliest token is the same, in [0, 1]
     * @param kept of a merged model: how much of the change of logits that the adapter makes it makes too, 1 for all
     * @param bound what is demanded, in words
     * @param pass whether it holds
     */
    public record Pair(
            String a,
            String b,
            double maxDifference,
            double kl,
            double top1Agreement,
            OptionalDouble kept,
            String bound,
            boolean pass) {}

    /** {@return whether all pairs pass} */
    public boolean pass() {
        return pairs.stream().allMatch(Pair::pass);
    }
}
