/**
 * Versions of adapters: a folder of plain files that several processes may change at once, with what each version was
 * made of, what it passed, and which of them is in production.
 */
@NullMarked
package dev.chaku.registry;

import org.jspecify.annotations.NullMarked;
