/** A model that is open: its file, tokenizer and engine, and the adapters that its texts wear. */
@NullMarked
package dev.chaku.internal.model;

import org.jspecify.annotations.NullMarked;
