package dev.chaku.text.template;

import org.jspecify.annotations.Nullable;

/**
 * A piece of template source.
 *
 * @param text the spelling of a name or operator, the text of data, the characters of a string
 * @param value the number of an integer ({@code Long} or {@code BigInteger}) or float ({@code Double}) token
 * @param line counted from 1
 */
record Token(Type type, String text, @Nullable Object value, int line) {
    enum Type {
        DATA("template text"),
        BLOCK_BEGIN("'{%'"),
        BLOCK_END("'%}'"),
        VARIABLE_BEGIN("'{{'"),
        VARIABLE_END("'}}'"),
        NAME("a name"),
        STRING("a string"),
        INTEGER("an integer"),
        FLOAT("a number"),
        OPERATOR("an operator"),
        END("the end of the template");

        private final String description;

        Type(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }
    }

    boolean isOperator(String spelling) {
        return type == Type.OPERATOR && text.equals(spelling);
    }

    boolean isName(String spelling) {
        return type == Type.NAME && text.equals(spelling);
    }

    /** How an error message calls this token. */
    String description() {
        return switch (type) {
            case NAME, OPERATOR -> "'" + text + "'";
            case INTEGER, FLOAT -> String.valueOf(value);
            default -> type.description();
        };
    }
}
