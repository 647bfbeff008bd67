/** How a model is evaluated: questions from examples, answers kept in a file, what they add up to. */
@NullMarked
package dev.chaku.internal.eval;

import org.jspecify.annotations.NullMarked;
