package dev.chaku.internal.train;

/** What is told of work before the first step, and may end it by an exception. */
@FunctionalInterface
interface Preparing {
    void at(long done, long total);
}
