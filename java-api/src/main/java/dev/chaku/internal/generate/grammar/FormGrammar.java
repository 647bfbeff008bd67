package dev.chaku.internal.generate.grammar;

import dev.chaku.generate.OutputForm;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes one grammar of a form and of the forms that it is made of. Used once. */
final class FormGrammar {
    private final Tokenizer tokenizer;
    private final ControlTokens control;
    private final FormatSets formats;
    private final List<Grammar.Rule> rules = new ArrayList<>();
    private final List<TokenSet> tokenSets = new ArrayList<>();

    FormGrammar(Tokenizer tokenizer, ControlTokens control, FormatSets formats) {
        this.tokenizer = tokenizer;
        this.control = control;
        this.formats = formats;
    }

    /** What messages call a form. */
    static String name(OutputForm form) {
        if (form instanceof OutputForm.Gbnf) {
            return "grammar";
        } else if (form instanceof OutputForm.Regex) {
            return "regular expression";
        } else if (form instanceof OutputForm.JsonSchema || form instanceof OutputForm.Bare) {
            return "JSON schema";
        }
        return form instanceof OutputForm.Choices ? "choices" : "form";
    }

    Grammar of(OutputForm form) {
        Grammar whole = whole(form);
        if (whole != null) {
            return whole;
        }
        Expression body = expression(form);
        rules.add(new Grammar.Rule("form", body));
        return new Grammar(rules, rules.size() - 1, tokenSets);
    }

    /** The grammar of a form that is made of no others; null for those that are. */
    private @Nullable Grammar whole(OutputForm form) {
        if (form instanceof OutputForm.Gbnf gbnf) {
            return new GbnfParser(name(form), gbnf.grammar(), tokenizer).parse();
        } else if (form instanceof OutputForm.Regex regex) {
            return Grammar.of("expression", new Expression.Embedded(Regex.whole(name(form), regex.pattern())));
        } else if (form instanceof OutputForm.JsonSchema schema) {
            return SchemaGrammar.of(schema, formats);
        } else if (form instanceof OutputForm.Bare bare) {
            return SchemaGrammar.bare(bare.schema(), formats, bare.without());
        } else if (form instanceof OutputForm.Xml xml) {
            return new XmlGrammar(name(form), xml.declarations()).parse();
        } else if (form instanceof OutputForm.Choices choices) {
            return Grammar.of(
                    "choices",
                    Expression.choice(
                            choices.labels().stream().map(Expression::text).toList()));
        }
        return null;
    }

    private Expression expression(OutputForm form) {
        if (form instanceof OutputForm.Literal literal) {
            return control.spelled(literal.text(), tokenSets);
        } else if (form instanceof OutputForm.Sequence sequence) {
            return Expression.sequence(
                    sequence.parts().stream().map(this::expression).toList());
        } else if (form instanceof OutputForm.OneOf choice) {
            return Expression.choice(
                    choice.options().stream().map(this::expression).toList());
        } else if (form instanceof OutputForm.Repeated repeated) {
            int maximum = repeated.maximum() == Integer.MAX_VALUE ? -1 : repeated.maximum();
            return new Expression.Repeat(expression(repeated.body()), repeated.minimum(), maximum);
        } else if (form instanceof OutputForm.Free free) {
            Automaton texts = StringSets.without(StringSets.ALL, free.without());
            return new Expression.Embedded(StringSets.notBeginning(texts, free.beginnings()));
        }
        return take(whole(form));
    }

    /** Takes over the rules of a grammar, and calls its root. */
    private Expression take(Grammar grammar) {
        int ruleOffset = rules.size();
        int setOffset = tokenSets.size();
        for (Grammar.Rule rule : grammar.rules()) {
            rules.add(new Grammar.Rule(rule.name(), moved(rule.body(), ruleOffset, setOffset)));
        }
        tokenSets.addAll(grammar.tokenSets());
        return new Expression.Call(ruleOffset + grammar.root());
    }

    private static Expression moved(Expression body, int ruleOffset, int setOffset) {
        if (body instanceof Expression.Sequence sequence) {
            return new Expression.Sequence(sequence.parts().stream()
                    .map(part -> moved(part, ruleOffset, setOffset))
                    .toList());
        } else if (body instanceof Expression.Choice choice) {
            return new Expression.Choice(choice.options().stream()
                    .map(option -> moved(option, ruleOffset, setOffset))
                    .toList());
        } else if (body instanceof Expression.Repeat repeat) {
            return new Expression.Repeat(
                    moved(repeat.body(), ruleOffset, setOffset), repeat.minimum(), repeat.maximum());
        } else if (body instanceof Expression.Call call) {
            return new Expression.Call(call.rule() + ruleOffset);
        } else if (body instanceof Expression.Symbol symbol) {
            return new Expression.Symbol(symbol.symbol() + setOffset);
        } else if (body instanceof Expression.Embedded embedded) {
            return new Expression.Embedded(moved(embedded.automaton(), ruleOffset, setOffset));
        }
        return body;
    }

    private static Automaton moved(Automaton automaton, int ruleOffset, int setOffset) {
        int[] low = automaton.low().clone();
        int[] high = automaton.high().clone();
        for (int i = 0; i < low.length; i++) {
            int offset = low[i] >= Automaton.TOKENS ? setOffset : low[i] >= Automaton.CALLS ? ruleOffset : 0;
            low[i] += offset;
            high[i] += offset;
        }
        return new Automaton(
                automaton.edgeStart(), low, high, automaton.target(), automaton.finals(), automaton.deterministic());
    }
}
