package dev.chaku.arch;

/**
 * In what dense decoders of the llama kind differ: RMSNorm before each half block, rotary positions, grouped queries, a
 * gated feed-forward.
 *
 * @param pairing of the rotation
 * @param qkvBias of query, key and value
 * @param outputBias of the attention's output
 * @param ffnBias of gate, up and down
 * @param qkNorm RMSNorm of each query and key head
 * @param slidingWindow whether {@code attention.sliding_window} holds for all layers; otherwise a window shorter than the
 *     context is refused
 */
record DenseTraits(
    RopeSpec.Pairing pairing,
    Presence qkvBias,
    Presence outputBias,
    Presence ffnBias,
    Presence qkNorm,
    boolean slidingWindow) {

  /** Whether tensors are there. */
  enum Presence {
    NONE,
    OPTIONAL,
    REQUIRED
  }
}
