/** Adapters merged: with each other, and into the weights of a base. */
@NullMarked
package dev.chaku.internal.adapter.merge;

import org.jspecify.annotations.NullMarked;
