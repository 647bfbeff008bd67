/** What a user imports first: models, generation, training, and the exceptions of all of it. */
@NullMarked
package dev.chaku;

import org.jspecify.annotations.NullMarked;
