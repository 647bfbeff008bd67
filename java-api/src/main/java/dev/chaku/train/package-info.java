/**
 * What a training is told and what it tells: settings in groups, the method, the loss, the plan, progress.
 *
 * <p>A new setting goes into the record of its group: the field, its range, its line in
 * {@link dev.chaku.train.SettingGroup#settings}. The run itself is {@code dev.chaku.Trainer}, which knows the model.
 */
@NullMarked
package dev.chaku.train;

import org.jspecify.annotations.NullMarked;
