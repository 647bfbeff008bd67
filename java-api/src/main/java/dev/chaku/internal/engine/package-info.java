/** What crosses the seam between the facades and an engine: options, sizes and results, without anything native. */
@NullMarked
package dev.chaku.internal.engine;

import org.jspecify.annotations.NullMarked;
