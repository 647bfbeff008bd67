/** What can go wrong, each kind an exception of its own; every package may throw them. */
@NullMarked
package dev.chaku.errors;

import org.jspecify.annotations.NullMarked;
