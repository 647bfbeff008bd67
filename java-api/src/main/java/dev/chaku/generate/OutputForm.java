package dev.chaku.generate;

import dev.chaku.errors.BadInputException;
import java.util.HashSet;
import java.util.LinkedHashSet;
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
     * A text as it is. Control tokens that it spells are those tokens, where the vocabulary has them; in what other
     * forms describe none ever come, but where a grammar names them.
     *
     * @param text the text; may be empty
     */
    record Literal(String text) implements OutputForm {
        public Literal {
            Objects.requireNonNull(text, "text");
        }
    }

    /**
     * Forms one after the other.
     *
     * @param parts in their order; copied
     */
    record Sequence(List<OutputForm> parts) implements OutputForm {
        public Sequence {
            parts = List.copyOf(parts);
        }
    }

    /**
     * One of some forms.
     *
     * @param options at least one; copied
     */
    record OneOf(List<OutputForm> options) implements OutputForm {
        public OneOf {
            options = List.copyOf(options);
            if (options.isEmpty()) {
                throw BadInputException.ofSetting("options of a form", "at least one", options);
            }
        }
    }

    /**
     * A form times over.
     *
     * @param body what is repeated
     * @param minimum at least 0
     * @param maximum at least the minimum; {@link Integer#MAX_VALUE} for any number
     */
    record Repeated(OutputForm body, int minimum, int maximum) implements OutputForm {
        public Repeated {
            Objects.requireNonNull(body, "body");
            if (minimum < 0 || maximum < minimum) {
                throw BadInputException.ofSetting(
                        "repetitions of a form", "0 or more, and a maximum not below", minimum + " to " + maximum);
            }
        }
    }

    /**
     * Any text that has none of some texts in it, and begins with none of others; the empty one too.
     *
     * @param without what does not come up in it, none empty; copied
     * @param beginnings what it does not begin with, none empty; copied
     */
    record Free(List<String> without, List<String> beginnings) implements OutputForm {
        public Free {
            without = List.copyOf(without);
            beginnings = List.copyOf(beginnings);
            if (without.contains("") || beginnings.contains("")) {
                throw BadInputException.ofSetting("texts that a form has not", "none that is empty", "\"\"");
            }
        }
    }

    /**
     * A value by a JSON Schema whose strings, where the value itself is one, stand without quotes and escapes; inside
     * lists and objects they are JSON.
     *
     * @param schema the schema
     * @param without what does not come up in such a string, none empty; copied
     */
    record Bare(JsonSchema schema, List<String> without) implements OutputForm {
        public Bare {
            Objects.requireNonNull(schema, "schema");
            without = List.copyOf(without);
            if (without.contains("")) {
                throw BadInputException.ofSetting("texts that a form has not", "none that is empty", "\"\"");
            }
        }
    }

    /**
     * XML by element declarations as those of a DTD, without attributes: {@code <!ELEMENT note (to+, from, body?)>},
     * {@code (#PCDATA)}, {@code (#PCDATA | em)*}, {@code EMPTY}. The first element is the whole text.
     *
     * @param declarations one or more
     */
    record Xml(String declarations) implements OutputForm {
        public Xml {
            Objects.requireNonNull(declarations, "declarations");
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

    /**
     * {@return XML by element declarations}
     *
     * @param declarations as those of a DTD, see {@link Xml}
     */
    static OutputForm xml(String declarations) {
        return new Xml(declarations);
    }

    /**
     * {@return XML of one element with others in it, one after the other, that have text}
     *
     * @param root name of the one
     * @param names of the others, at least one
     */
    static OutputForm elements(String root, String... names) {
        StringBuilder declarations = new StringBuilder("<!ELEMENT " + root + " (" + String.join(", ", names) + ")>\n");
        for (String name : new LinkedHashSet<>(List.of(names))) {
            declarations.append("<!ELEMENT ").append(name).append(" (#PCDATA)>\n");
        }
        return new Xml(declarations.toString());
    }

    /**
     * {@return a text as it is, control tokens that it spells among it}
     *
     * @param text the text
     */
    static OutputForm literal(String text) {
        return new Literal(text);
    }

    /**
     * {@return forms one after the other}
     *
     * @param parts in their order
     */
    static OutputForm sequence(OutputForm... parts) {
        return new Sequence(List.of(parts));
    }

    /**
     * {@return one of some forms}
     *
     * @param options at least one
     */
    static OutputForm oneOf(OutputForm... options) {
        return new OneOf(List.of(options));
    }

    /**
     * {@return a form, or nothing}
     *
     * @param body the form
     */
    static OutputForm optional(OutputForm body) {
        return new Repeated(body, 0, 1);
    }

    /**
     * {@return any text in which some texts do not come up}
     *
     * @param without the texts, none empty
     */
    static OutputForm free(String... without) {
        return new Free(List.of(without), List.of());
    }
}
