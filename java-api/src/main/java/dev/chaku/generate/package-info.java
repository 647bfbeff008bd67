/** Sampling and the generation loop. */
@NullMarked
package dev.chaku.generate;

import org.jspecify.annotations.NullMarked;
