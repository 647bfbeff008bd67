/**
 * The machinery of a training: output folder, checkpoints, log and picture, rows on their way, what is counted and
 * watched.
 *
 * <p>What people set and read is in {@code dev.chaku.train}; the facade is {@code dev.chaku.Trainer}.
 */
@NullMarked
package dev.chaku.internal.train;

import org.jspecify.annotations.NullMarked;
