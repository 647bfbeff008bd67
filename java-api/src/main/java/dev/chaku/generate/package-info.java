/** How texts are generated and scored: options and results. */
@NullMarked
package dev.chaku.generate;

import org.jspecify.annotations.NullMarked;
