package dev.chaku.text.template;

import dev.chaku.text.template.Statement.Flow;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Runs statements within a {@link Rendering}. Loops, macros, {@code with}, block assignments, filter blocks and
 * generation blocks have scopes of their own; {@code if} has not.
 */
final class StatementRunner implements Statement.Visitor {
    private final Rendering rendering;

    StatementRunner(Rendering rendering) {
        this.rendering = rendering;
    }

    @Override
    public Flow data(Statement.Data node) {
        rendering.out().append(node.text());
        return Flow.NORMAL;
    }

    @Override
    public Flow print(Statement.Print node) {
        rendering.at(node.line());
        Object value = rendering.evaluate(node.value());
        if (value instanceof Undefined undefined && undefined.unsafe()) {
            throw undefined.fault();
        }
        rendering.out().append(Repr.str(rendering.budget(), value));
        return Flow.NORMAL;
    }

    @Override
    public Flow assign(Statement.Assign node) {
        rendering.at(node.line());
        assign(rendering.scope(), node.target(), rendering.evaluate(node.value()));
        return Flow.NORMAL;
    }

    @Override
    public Flow assignBlock(Statement.AssignBlock node) {
        rendering.at(node.line());
        Object value = rendering.capture(rendering.scope().inner(), node.body());
        for (Expression.Filter filter : node.filters()) {
            value = rendering.filter(filter, value);
        }
        assign(rendering.scope(), node.target(), value);
        return Flow.NORMAL;
    }

    private void assign(Scope scope, Statement.Target target, @Nullable Object value) {
        if (target instanceof Statement.NameTarget name) {
            scope.set(name.id(), value);
        } else if (target instanceof Statement.TupleTarget tuple) {
            List<@Nullable Object> values = Values.list(rendering.budget(), value);
            int expected = tuple.items().size();
            if (values.size() != expected) {
                throw TemplateFault.value(
                        values.size() < expected
                                ? "not enough values to unpack (expected %d, got %d)".formatted(expected, values.size())
                                : "too many values to unpack (expected %d)".formatted(expected));
            }
            for (int i = 0; i < expected; i++) {
                assign(scope, tuple.items().get(i), values.get(i));
            }
        } else if (target instanceof Statement.NamespaceTarget member) {
            if (!(scope.get(member.id(), member.name()) instanceof Namespace namespace)) {
                throw TemplateFault.runtime("cannot assign attribute on non-namespace object");
            }
            namespace.attributes().put(member.attribute(), value);
        }
    }

    @Override
    public Flow loop(Statement.For node) {
        rendering.at(node.line());
        loop(node, rendering.evaluate(node.iterable()), rendering.scope(), 0);
        return Flow.NORMAL;
    }

    private void loop(Statement.For node, @Nullable Object items, Scope outer, int depth) {
        Iterator<@Nullable Object> iterator = Values.iterate(rendering.budget(), items);
        long length = node.condition() == null && Values.isSized(items) ? Values.length(items) : -1;
        if (node.condition() != null) {
            iterator = new Filtered(iterator, node, outer.inner());
        }
        LoopState.Recursion recursion = node.recursive() ? (inner, level) -> recurse(node, inner, outer, level) : null;
        LoopState loop = new LoopState(iterator, length, depth, recursion);
        Scope scope = outer.inner();
        boolean ran = false;
        while (loop.hasNext()) {
            rendering.budget().elements(1);
            scope.clear();
            assign(scope, node.target(), loop.next());
            scope.set(Template.LOOP_ID, loop);
            ran = true;
            if (rendering.runIn(scope, node.body()) == Flow.BREAK) {
                break;
            }
        }
        if (!ran && !node.otherwise().isEmpty()) {
            rendering.runIn(outer.inner(), node.otherwise());
        }
    }

    private CharSequence recurse(Statement.For node, @Nullable Object items, Scope outer, int depth) {
        rendering.budget().enter();
        CharSequence text = rendering.capture(() -> loop(node, items, outer, depth));
        rendering.budget().leave();
        return text;
    }

    /** The items of a loop that meet its condition, tested one by one as the loop asks for them. */
    private final class Filtered implements Iterator<@Nullable Object> {
        private final Iterator<@Nullable Object> items;
        private final Statement.For node;
        private final Scope scope;
        private boolean ready;
        private @Nullable Object item;

        Filtered(Iterator<@Nullable Object> items, Statement.For node, Scope scope) {
            this.items = items;
            this.node = node;
            this.scope = scope;
        }

        @Override
        public boolean hasNext() {
            Expression condition = java.util.Objects.requireNonNull(node.condition());
            while (!ready && items.hasNext()) {
                rendering.budget().elements(1);
                item = items.next();
                assign(scope, node.target(), item);
                ready = Truth.of(rendering.evaluateIn(scope, condition));
            }
            return ready;
        }

        @Override
        public @Nullable Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            ready = false;
            return item;
        }
    }

    @Override
    public Flow choose(Statement.If node) {
        for (Statement.Branch branch : node.branches()) {
            if (Truth.of(rendering.evaluate(branch.test()))) {
                return rendering.run(branch.body());
            }
        }
        return rendering.run(node.otherwise());
    }

    @Override
    public Flow macro(Statement.Macro node) {
        rendering.scope().set(node.id(), new MacroValue(node, rendering.scope()));
        return Flow.NORMAL;
    }

    @Override
    public Flow callBlock(Statement.CallBlock node) {
        rendering.at(node.line());
        Object target = rendering.evaluate(node.call().target());
        Arguments arguments = rendering.arguments(node.call().arguments());
        Map<String, @Nullable Object> named = new LinkedHashMap<>(arguments.named());
        named.put("caller", new MacroValue(node.caller(), rendering.scope()));
        rendering.at(node.line());
        if (target instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!(target instanceof Callable callable)) {
            throw TemplateFault.type("'%s' object is not callable".formatted(TypeNames.of(target)));
        }
        Object value = callable.call(rendering, new Arguments(arguments.positional(), named));
        rendering.out().append(Repr.str(rendering.budget(), value));
        return Flow.NORMAL;
    }

    @Override
    public Flow filterBlock(Statement.FilterBlock node) {
        rendering.at(node.line());
        Object value = rendering.capture(rendering.scope().inner(), node.body());
        for (Expression.Filter filter : node.filters()) {
            value = rendering.filter(filter, value);
        }
        rendering.out().append(Repr.str(rendering.budget(), value));
        return Flow.NORMAL;
    }

    @Override
    public Flow with(Statement.With node) {
        rendering.at(node.line());
        Scope inner = rendering.scope().inner();
        for (int i = 0; i < node.targets().size(); i++) {
            assign(
                    inner,
                    node.targets().get(i),
                    rendering.evaluate(node.values().get(i)));
        }
        return rendering.runIn(inner, node.body());
    }

    @Override
    public Flow generation(Statement.Generation node) {
        int start = rendering.out().length();
        Flow flow = rendering.runIn(rendering.scope().inner(), node.body());
        rendering.out().mark(start, rendering.out().length());
        return flow;
    }

    @Override
    public Flow jump(Statement.Jump node) {
        return node.flow();
    }
}
