package dev.chaku;

/** What a text's vector is for: many models were trained with another prefix for each. */
public enum TextUse {
    /** What is asked. */
    QUERY,
    /** What may answer it. */
    DOCUMENT
}
