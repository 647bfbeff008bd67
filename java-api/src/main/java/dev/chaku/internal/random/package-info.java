/** Random numbers that are the same on every machine. */
@NullMarked
package dev.chaku.internal.random;

import org.jspecify.annotations.NullMarked;
