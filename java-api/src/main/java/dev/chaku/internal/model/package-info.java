/** A model that is open: its file, tokenizer and engine, the sessions over it and the adapters that they wear. */
@NullMarked
package dev.chaku.internal.model;

import org.jspecify.annotations.NullMarked;
