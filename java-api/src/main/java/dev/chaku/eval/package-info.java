/** What an evaluation measures and finds: metrics of answers, and how variants of a model compare. */
@NullMarked
package dev.chaku.eval;

import org.jspecify.annotations.NullMarked;
