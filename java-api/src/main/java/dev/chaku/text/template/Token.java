package dev.chaku.text.template;

/** A piece of a template's source. */
record Token(Kind kind, String text, int line) {
  enum Kind {
    /** Literal text between tags. */
    DATA,
    BLOCK_BEGIN,
    BLOCK_END,
    PRINT_BEGIN,
    PRINT_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind wanted, String wantedText) {
    return kind == wanted && text.equals(wantedText);
  }
}
