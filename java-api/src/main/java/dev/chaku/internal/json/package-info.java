/** Reads and writes JSON as plain values of Java. */
@NullMarked
package dev.chaku.internal.json;

import org.jspecify.annotations.NullMarked;
