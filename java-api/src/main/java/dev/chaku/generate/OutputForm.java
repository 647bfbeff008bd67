package dev.chaku.generate;

import dev.chaku.errors.BadInputException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;

/**
 * The form that a generated text must have. Tokens that would leave it are never chosen, and the text ends only where
 * the form is whole; of what is left the model chooses as it would. Immutable; forms of equal content are compiled once
 * a model.
 *
 * <p>What a form does not say cannot come: a model that wants to think first or to write around an answer needs a form
 * that has room for it.
 */
public sealed interface OutputForm {
    /**
     * A grammar in the notation of llama.cpp (GBNF); its rule {@code root} describes the whole text.
     *
     * @param grammar the rules
     */
    record Gbnf(String grammar) implements OutputForm {
        public Gbnf {
            Objects.requireNonNull(grammar, "grammar");
        }
    }

    /**
     * A regular expression that the whole text matches, in a syntax like RE2's: no back references, no look-around.
     *
     * @param pattern the expression
     */
    record Regex(String pattern) implements OutputForm {
        public Regex {
            Objects.requireNonNull(pattern, "pattern");
        }
    }

    /**
     * JSON that is valid by a JSON Schema, draft 2020-12 or 7. A keyword that cannot be enforced is refused by its
     * path, never ignored.
     *
     * @param schema the schema, as JSON
     * @param anyOrder whether declared properties may come in any order, rather than in that of the schema
     * @param compact whether there is no white space between the parts, rather than a little where the model wants it
     */
    record JsonSchema(String schema, boolean anyOrder, boolean compact) implements OutputForm {
        public JsonSchema {
            Objects.requireNonNull(schema, "schema");
        }

        /**
         * {@return the same with declared properties in any order, or in that of the schema}
         *
         * @param value whether they may come in any order
         */
        public JsonSchema withAnyOrder(boolean value) {
            return new JsonSchema(schema, value, compact);
        }

        /**
         * {@return the same without white space between the parts, or with a little}
         *
         * @param value whether there is none
         */
        public JsonSchema withCompact(boolean value) {
            return new JsonSchema(schema, anyOrder, value);
        }
    }

    /**
     * One of some texts. The result says how likely each was, see {@link FormResult#choices}.
     *
     * @param labels the texts, at least one, all different and none empty; copied
     */
    record Choices(List<String> labels) implements OutputForm {
        public Choices {
            labels = List.copyOf(labels);
            if (labels.isEmpty() || labels.contains("") || new HashSet<>(labels).size() < labels.size()) {
                throw BadInputException.ofSetting("choices", "at least one text, all different and none empty", labels);
            }
        }
    }

    /**
     * {@return the form of a grammar}
     *
     * @param grammar rules in the notation of llama.cpp
     */
    static OutputForm gbnf(String grammar) {
        return new Gbnf(grammar);
    }

    /**
     * {@return the form of texts that match a regular expression as a whole}
     *
     * @param pattern the expression
     */
    static OutputForm regex(String pattern) {
        return new Regex(pattern);
    }

    /**
     * {@return the form of JSON by a schema, declared properties in its order, with a little white space where the
     * model wants it}
     *
     * @param schema a JSON Schema, as JSON
     */
    static JsonSchema jsonSchema(String schema) {
        return new JsonSchema(schema, false, false);
    }

    /**
     * {@return the form of one of some texts}
     *
     * @param labels the texts
     */
    static OutputForm choices(String... labels) {
        return new Choices(List.of(labels));
    }
}
