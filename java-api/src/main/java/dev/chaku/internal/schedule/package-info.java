/** Many texts of a model at once: who is computed when, in which memory, and what texts have in common. */
@NullMarked
package dev.chaku.internal.schedule;

import org.jspecify.annotations.NullMarked;
