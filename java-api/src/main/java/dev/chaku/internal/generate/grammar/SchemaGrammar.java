package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Makes a grammar of a JSON Schema: a rule for each set of schemas that a value has to meet, and one for each kind of
 * array and object in it. Used once.
 *
 * <p>A value is written in one way but for white space: properties in the order of the schema and then further ones,
 * whole numbers without fraction, characters as they are where JSON lets them; strings and numbers of which nothing is
 * asked may be written as JSON can.
 */
final class SchemaGrammar {
    private static final int MOST_RULES = 20_000;
    private static final int MOST_WITHOUT_ORDER = 10;

    private final OutputForm.JsonSchema form;
    private final SchemaReader reader;
    private final SchemaNode root;
    private final List<Grammar.Rule> rules = new ArrayList<>();
    private final Map<SchemaNode, Integer> numbers = new HashMap<>();
    private final List<SchemaNode> open = new ArrayList<>();

    /** Rules of sets of strings, and of numbers: those that are met again are the same rule. */
    private final Map<Automaton, Integer> stringSets = new HashMap<>();

    private final Map<Automaton, Integer> numberSets = new HashMap<>();

    private final int space;
    private final int anyString;
    private final int anyNumber;

    private SchemaGrammar(OutputForm.JsonSchema form, FormatSets formats) {
        this.form = form;
        SchemaDocument document = new SchemaDocument(form.schema());
        this.reader = new SchemaReader(document, formats);
        this.root = document.root();
        Expression indent = new Expression.Repeat(new Expression.Characters(CharacterSet.of(" \t")), 0, 20);
        this.space = add(
                "space", Expression.choice(Expression.text(" "), Expression.sequence(Expression.text("\n"), indent)));
        this.anyString = add("string", new Expression.Embedded(StringSets.JSON));
        this.anyNumber = add("number", new Expression.Embedded(NumberSets.JSON));
    }

    /** @throws BadInputException if the schema is wrong, not to be enforced, or too large */
    static Grammar of(OutputForm.JsonSchema form, FormatSets formats) {
        SchemaGrammar made = new SchemaGrammar(form, formats);
        int root = made.rule(made.root);
        return made.finish(root);
    }

    /**
     * The same where the value itself, if it is a string, stands without quotes and escapes.
     *
     * @param without what does not come up in such a string
     */
    static Grammar bare(OutputForm.JsonSchema form, FormatSets formats, List<String> without) {
        SchemaGrammar made = new SchemaGrammar(form, formats);
        Shape shape = made.reader.shape(made.root);
        Expression strings = new Expression.Embedded(StringSets.without(shape.strings(), without));
        int root = made.add("bare", Expression.choice(strings, made.value(shape.withoutStrings())));
        return made.finish(root);
    }

    private Grammar finish(int beginning) {
        for (int i = 0; i < open.size(); i++) {
            SchemaNode node = open.get(i);
            int number = numbers.get(node);
            rules.set(number, new Grammar.Rule(rules.get(number).name(), value(reader.shape(node))));
        }
        return new Grammar(rules, beginning, List.of());
    }

    private int add(String name, Expression body) {
        if (rules.size() >= MOST_RULES) {
            throw FormLimits.tooComplex(SchemaDocument.WHAT);
        }
        rules.add(new Grammar.Rule(name, body));
        return rules.size() - 1;
    }

    private int rule(SchemaNode node) {
        Integer known = numbers.get(node);
        if (known == null) {
            known = add("value " + rules.size(), Expression.NOTHING);
            numbers.put(node, known);
            open.add(node);
        }
        return known;
    }

    private Expression value(Shape shape) {
        List<Expression> options = new ArrayList<>();
        if (shape.hasNull()) {
            options.add(Expression.text("null"));
        }
        if (shape.hasTrue()) {
            options.add(Expression.text("true"));
        }
        if (shape.hasFalse()) {
            options.add(Expression.text("false"));
        }
        if (Automata.same(shape.numbers(), NumberSets.ALL)) {
            options.add(new Expression.Call(anyNumber));
        } else if (!shape.numbers().isNothing()) {
            options.add(set(numberSets, shape.numbers(), NumberSets::spelled));
        }
        if (!shape.strings().isNothing()) {
            options.add(string(shape.strings()));
        }
        for (ArrayShape array : shape.arrays()) {
            if (array.minimum() <= array.maximum()) {
                options.add(new Expression.Call(add("array", new Expression.Embedded(array(array)))));
            }
        }
        for (ObjectShape object : shape.objects()) {
            if (object.minimum() <= object.maximum()) {
                options.add(new Expression.Call(add("object", new Expression.Embedded(object(object)))));
            }
        }
        return Expression.choice(options);
    }

    private Expression string(Automaton set) {
        return Automata.same(set, StringSets.ALL)
                ? new Expression.Call(anyString)
                : set(stringSets, set, strings -> StringSets.quoted(strings, SchemaDocument.WHAT));
    }

    private Expression set(Map<Automaton, Integer> sets, Automaton values, UnaryOperator<Automaton> written) {
        Integer known = sets.get(values);
        if (known == null) {
            known = add("scalar", new Expression.Embedded(written.apply(values)));
            sets.put(values, known);
        }
        return new Expression.Call(known);
    }

    private Automaton array(ArrayShape array) {
        AutomatonBuilder builder = new AutomatonBuilder(SchemaDocument.WHAT);
        int start = builder.state();
        int first = text(builder, start, "[", true);
        int close = builder.state();
        int end = text(builder, close, "]", false);
        builder.finals.set(end);
        boolean endless = array.maximum() == ArrayShape.ENDLESS;
        int cap = endless ? Math.max(1, Math.max(array.minimum(), array.prefix().size())) : array.maximum();
        Map<List<Integer>, Integer> states = new HashMap<>();
        List<List<Integer>> order = new ArrayList<>();
        List<Integer> begin =
                new ArrayList<>(Collections.nCopies(array.contains().size() + 1, 0));
        states.put(begin, first);
        order.add(begin);
        for (int i = 0; i < order.size(); i++) {
            List<Integer> counts = order.get(i);
            int items = counts.get(0);
            int state = states.get(counts);
            if (items >= array.minimum() && hasCounts(array, counts)) {
                space(builder, state, close, items > 0);
            }
            if (!endless && items == cap) {
                continue;
            }
            int item = items == 0 ? state : text(builder, state, ",", true);
            for (Item option : items(array, items, counts)) {
                option.counts().set(0, Math.min(items + 1, cap));
                Integer next = states.get(option.counts());
                if (next == null) {
                    next = builder.state();
                    states.put(option.counts(), next);
                    order.add(option.counts());
                }
                call(builder, item, rule(option.node()), next);
            }
        }
        return finished(builder, start);
    }

    /** What the next item may be, and how many of each kind there are then. */
    private record Item(SchemaNode node, List<Integer> counts) {}

    private static List<Item> items(ArrayShape array, int place, List<Integer> counts) {
        List<Item> options = new ArrayList<>(List.of(new Item(array.item(place), new ArrayList<>(counts))));
        for (int c = 0; c < array.contains().size(); c++) {
            ArrayShape.Contains contains = array.contains().get(c);
            boolean limited = contains.maximum() < ArrayShape.ENDLESS;
            int cap = limited ? contains.maximum() + 1 : contains.minimum();
            List<Item> more = new ArrayList<>();
            for (Item option : options) {
                List<Integer> counted = new ArrayList<>(option.counts());
                counted.set(c + 1, Math.min(cap, counted.get(c + 1) + 1));
                if (!limited || counted.get(c + 1) < cap) {
                    more.add(new Item(option.node().and(contains.node()), counted));
                }
                if (limited) {
                    contains.node()
                            .negated()
                            .forEach(other ->
                                    more.add(new Item(option.node().and(other), new ArrayList<>(option.counts()))));
                } else {
                    more.add(option);
                }
            }
            options = more;
        }
        options.removeIf(option -> option.node().isNever());
        return options;
    }

    private static boolean hasCounts(ArrayShape array, List<Integer> counts) {
        for (int c = 0; c < array.contains().size(); c++) {
            if (counts.get(c + 1) < array.contains().get(c).minimum()
                    || counts.get(c + 1) > array.contains().get(c).maximum()) {
                return false;
            }
        }
        return true;
    }

    private Automaton object(ObjectShape object) {
        AutomatonBuilder builder = new AutomatonBuilder(SchemaDocument.WHAT);
        int start = builder.state();
        int first = text(builder, start, "{", true);
        int close = builder.state();
        int end = text(builder, close, "}", false);
        builder.finals.set(end);
        ObjectPlaces places = new ObjectPlaces(object, form.anyOrder() ? MOST_WITHOUT_ORDER : -1);
        // Of each place: after a property, and where a name must come.
        Map<ObjectPlaces.Place, Integer> after = new HashMap<>();
        Map<ObjectPlaces.Place, Integer> before = new HashMap<>();
        List<ObjectPlaces.Place> order = new ArrayList<>(List.of(places.first()));
        before.put(places.first(), builder.state());
        builder.empty(first, before.get(places.first()));
        if (places.mayClose(places.first())) {
            builder.empty(first, close);
        }
        for (int i = 0; i < order.size(); i++) {
            ObjectPlaces.Place place = order.get(i);
            int name = before.get(place);
            for (ObjectPlaces.Step step : places.steps(place)) {
                Integer next = after.get(step.to());
                if (next == null) {
                    next = builder.state();
                    after.put(step.to(), next);
                    if (!before.containsKey(step.to())) {
                        before.put(step.to(), builder.state());
                        order.add(step.to());
                    }
                    builder.empty(text(builder, next, ",", true), before.get(step.to()));
                    if (places.mayClose(step.to())) {
                        space(builder, next, close, true);
                    }
                }
                property(builder, name, step, next);
            }
            ObjectPlaces.Place skipped = places.skip(place);
            if (skipped != null) {
                if (!before.containsKey(skipped)) {
                    before.put(skipped, builder.state());
                    order.add(skipped);
                }
                builder.empty(name, before.get(skipped));
            }
        }
        return finished(builder, start);
    }

    private void property(AutomatonBuilder builder, int from, ObjectPlaces.Step step, int to) {
        int named = builder.state();
        if (step.name() != null) {
            builder.embed(from, named, StringSets.quoted(StringSets.of(step.name()), SchemaDocument.WHAT));
        } else if (Automata.same(step.names(), StringSets.ALL)) {
            call(builder, from, anyString, named);
        } else {
            builder.embed(from, named, StringSets.quoted(step.names(), SchemaDocument.WHAT));
        }
        call(builder, text(builder, named, ":", true), rule(step.node()), to);
    }

    private int text(AutomatonBuilder builder, int from, String text, boolean spaced) {
        int end = builder.state();
        builder.edge(from, text.charAt(0), text.charAt(0), end);
        if (!spaced || form.compact()) {
            return end;
        }
        int after = builder.state();
        space(builder, end, after, true);
        return after;
    }

    private void space(AutomatonBuilder builder, int from, int to, boolean mayCome) {
        builder.empty(from, to);
        if (mayCome && !form.compact()) {
            call(builder, from, space, to);
        }
    }

    private static void call(AutomatonBuilder builder, int from, int rule, int to) {
        builder.edge(from, Automaton.CALLS + rule, Automaton.CALLS + rule, to);
    }

    private static Automaton finished(AutomatonBuilder builder, int start) {
        return Determinizer.of(builder, start, 2 * builder.states() + 200);
    }
}
