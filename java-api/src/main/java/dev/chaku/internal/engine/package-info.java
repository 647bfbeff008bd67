/**
 * The seam between the facades and what computes: the interfaces of an engine, and the values that cross it. Nothing
 * here is native, and no number of an engine's own stands in a value.
 */
@NullMarked
package dev.chaku.internal.engine;

import org.jspecify.annotations.NullMarked;
