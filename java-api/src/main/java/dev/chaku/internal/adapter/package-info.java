/**
 * LoRA adapters as values, and their files: llama.cpp's GGUF and Hugging Face's PEFT over safetensors.
 *
 * <p>Readers trust nothing they read; writers leave a whole file or none.
 */
@NullMarked
package dev.chaku.internal.adapter;

import org.jspecify.annotations.NullMarked;
