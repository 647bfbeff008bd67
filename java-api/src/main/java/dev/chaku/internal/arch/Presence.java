package dev.chaku.internal.arch;

/** Whether a family's files have a tensor. */
public enum Presence {
    NONE,
    OPTIONAL,
    REQUIRED
}
