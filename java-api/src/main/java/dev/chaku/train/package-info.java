/**
 * What a training is told and what it leaves: settings, learning rates, progress, log, checkpoints on disk.
 *
 * <p>The run itself is {@code dev.chaku.Trainer}, which knows the model.
 */
@NullMarked
package dev.chaku.train;

import org.jspecify.annotations.NullMarked;
