/**
 * Text and tokens: SentencePiece, byte-level BPE and WordPiece tokenizers as GGUF metadata describe them, and a small
 * trainer of byte-level BPE vocabularies.
 */
@NullMarked
package dev.chaku.text;

import org.jspecify.annotations.NullMarked;
