/**
 * Models as Hugging Face stores them: safetensors, config.json, and rules that say which tensor becomes which. Knows no
 * family: those stand above it.
 */
@NullMarked
package dev.chaku.internal.huggingface;

import org.jspecify.annotations.NullMarked;
