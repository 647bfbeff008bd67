package dev.chaku.convert;

/**
 * Where a tensor of a GGUF file comes from. {@code {l}} in names stands for the layer, {@code {e}} for the expert.
 *
 * @param from name in Hugging Face's folder
 * @param to name in the GGUF file
 * @param rows of the matrix, {@link Size#ONE} for vectors
 * @param columns of the matrix, length of the vector
 * @param change what happens to the numbers
 * @param need whether it must be there
 */
record TensorRule(String from, String to, Size rows, Size columns, Change change, Need need) {

  /** What happens to the numbers. */
  enum Change {
    NONE,
    /** Rows of each query head are put in the order in which neighbours are rotated together. */
    QUERY_ROWS,
    /** The same for key heads. */
    KEY_ROWS,
    /** 1 is added: norms that are stored as the difference from 1. */
    PLUS_ONE,
    /** Rows become columns. */
    TRANSPOSE,
    /** The matrices of all experts are stacked. */
    STACK
  }

  /** Whether a tensor must be there. */
  enum Need {
    REQUIRED,
    OPTIONAL,
    /** It is left out where the embedding serves in its place. */
    UNLESS_TIED
  }

  boolean isVector() {
    return rows == Size.ONE;
  }

  boolean isInLayers() {
    return to.contains("{l}");
  }

  /** The name in the folder, in a layer and of an expert. */
  String source(int layer, int expert) {
    return from.replace("{l}", Integer.toString(layer)).replace("{e}", Integer.toString(expert));
  }

  String target(int layer) {
    return to.replace("{l}", Integer.toString(layer));
  }
}
