/** The generation loop, the sampler and its stages, and the scoring of given texts. */
@NullMarked
package dev.chaku.internal.generate;

import org.jspecify.annotations.NullMarked;
