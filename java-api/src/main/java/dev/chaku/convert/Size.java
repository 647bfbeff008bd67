package dev.chaku.convert;

/** A size of a model, by which {@link TensorRule} says the shapes of tensors. */
enum Size {
  ONE,
  WIDTH,
  VOCAB,
  CONTEXT,
  HEAD,
  HEADS,
  /** Rows of the query projection. */
  QUERIES,
  /** Rows of the key projection, and of the value projection. */
  KEYS,
  /** Rows of queries, keys and values in one. */
  QUERIES_KEYS_VALUES,
  FF,
  /** Rows of gate and up in one. */
  GATE_UP,
  EXPERTS,
  EXPERT_FF,
  SHARED_FF
}
