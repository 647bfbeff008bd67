package dev.chaku;

/**
 * A document's place among others.
 *
 * @param index in the list that was given
 * @param score how likely it answers the query, in [0, 1]
 */
public record Ranked(int index, double score) {}
