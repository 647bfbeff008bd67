package dev.chaku.train;

import dev.chaku.data.ExampleEncoder;

/**
 * What became of the records of a data set when they were encoded; zeros if the examples came encoded.
 *
 * @param truncated records cut at the longest length
 * @param split records made into several sequences
 * @param dropped records left out
 * @param turnsApart conversations of which turns became sequences of their own, because the template rewrites earlier
 *     ones
 * @param conversations records that a chat template rendered: the adapter then answers chats
 * @param cutTokens tokens that truncated records lost
 * @param endsAdded conversations that got an end-of-text token, because their template writes no end that the
 *     vocabulary has
 * @param withoutEnd answers after which no token that ends generation is trained: the model may not stop there
 * @param unrendered conversations of which the chat template leaves out text, reasoning mostly, which is trained
 *     nowhere
 * @param firstUnrendered where the first of them stands and what is left out; empty for none
 */
public record RecordCounts(
        int truncated,
        int split,
        int dropped,
        int turnsApart,
        int conversations,
        long cutTokens,
        int endsAdded,
        int withoutEnd,
        int unrendered,
        String firstUnrendered) {
    /** What became of no records. */
    public static final RecordCounts NONE = new RecordCounts(0, 0, 0, 0, 0, 0, 0, 0, 0, "");

    /**
     * {@return what an encoder has counted so far}
     *
     * @param counts what became of over-long examples
     */
    public static RecordCounts of(ExampleEncoder.Counts counts) {
        return new RecordCounts(
                counts.truncated(),
                counts.split(),
                counts.dropped(),
                counts.turnsApart(),
                counts.conversations(),
                counts.cutTokens(),
                counts.endsAdded(),
                counts.withoutEnd(),
                counts.unrendered(),
                counts.firstUnrendered());
    }
}
