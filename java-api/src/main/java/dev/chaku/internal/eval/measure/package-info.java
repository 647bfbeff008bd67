/** What evaluation computes with: likeness of texts, resampling, copied passages. They know nothing of models. */
@NullMarked
package dev.chaku.internal.eval.measure;

import org.jspecify.annotations.NullMarked;
