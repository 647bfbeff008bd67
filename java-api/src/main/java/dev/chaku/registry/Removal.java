package dev.chaku.registry;

/**
 * A version that is taken away.
 *
 * @param reference name and number
 * @param bytes of its folder
 */
public record Removal(String reference, long bytes) {}
