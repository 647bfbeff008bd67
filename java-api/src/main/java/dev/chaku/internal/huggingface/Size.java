package dev.chaku.internal.huggingface;

/** A size of a model, by which {@link TensorRule} says the shapes of tensors. */
public enum Size {
    ONE,
    WIDTH,
    VOCAB,
    CONTEXT,
    /** Positions that a token can have, where some rows of the table are for none. */
    CONTEXT_BEHIND_PADDING,
    HEAD,
    HEADS,
    KV_HEADS,
    /** Rows of the query projection. */
    QUERIES,
    /** The same with as many gates. */
    QUERIES_AND_GATES,
    /** Rows of the key projection, and of the value projection. */
    KEYS,
    /** Rows of queries, keys and values in one. */
    QUERIES_KEYS_VALUES,
    FF,
    /** Rows of gate and up in one. */
    GATE_UP,
    EXPERTS,
    EXPERT_FF,
    SHARED_FF,
    /** Tokens that a convolution sees. */
    TAPS,
    /** Rows of two gates and the input of a short convolution in one. */
    CONVOLUTION_IN,
    /** Rows of queries, keys and values of the delta rule in one. */
    DELTA_CHANNELS,
    /** Values of all heads of the delta rule. */
    DELTA_VALUES,
    DELTA_VALUE_HEADS,
    /** Two rows for each value head of the delta rule. */
    DELTA_TWO_FOR_EACH_HEAD,
    /** Values of one head of the delta rule. */
    DELTA_VALUE_HEAD,
    /** What queries of latent attention are made of; 0 where one product makes them. */
    QUERY_RANK,
    /** What keys and values of latent attention are made of. */
    LATENT,
    /** The same and what is rotated beside it. */
    LATENT_AND_ROPE,
    /** Queries of all heads of latent attention. */
    LATENT_QUERIES,
    /** A latent for each head. */
    LATENT_KEYS,
    /** Values of all heads of latent attention. */
    LATENT_VALUES,
    /** What is not rotated of a head of latent attention. */
    PLAIN_HEAD,
    /** Input of a layer of its own; 0 for none. */
    LAYER_INPUT,
    /** Those of all layers. */
    LAYER_INPUTS,
    /** Of tokens. */
    TYPES,
    /** Scores that a head gives. */
    LABELS
}
