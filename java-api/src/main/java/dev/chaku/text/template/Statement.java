package dev.chaku.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The statements of a parsed template; immutable. Lines are counted from 1 and serve error messages. */
sealed interface Statement {
    /** What a statement does to the loop around it. */
    enum Flow {
        NORMAL,
        BREAK,
        CONTINUE
    }

    /** One method per kind of statement. */
    interface Visitor {
        Flow data(Data node);

        Flow print(Print node);

        Flow assign(Assign node);

        Flow assignBlock(AssignBlock node);

        Flow loop(For node);

        Flow choose(If node);

        Flow macro(Macro node);

        Flow callBlock(CallBlock node);

        Flow filterBlock(FilterBlock node);

        Flow with(With node);

        Flow generation(Generation node);

        Flow jump(Jump node);
    }

    Flow accept(Visitor visitor);

    /** What an assignment, a loop or {@code with} assigns to. */
    sealed interface Target {}

    record NameTarget(int id) implements Target {}

    record TupleTarget(List<Target> items) implements Target {}

    /** {@code ns.attribute}. */
    record NamespaceTarget(int id, String name, String attribute) implements Target {}

    record Data(String text) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.data(this);
        }
    }

    record Print(Expression value, int line) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.print(this);
        }
    }

    record Assign(Target target, Expression value, int line) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.assign(this);
        }
    }

    /** {@code {% set x | filters %}…{% endset %}}; the filters stand in order of application. */
    record AssignBlock(Target target, List<Expression.Filter> filters, List<Statement> body, int line)
            implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.assignBlock(this);
        }
    }

    record For(
            Target target,
            Expression iterable,
            @Nullable Expression condition,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.loop(this);
        }
    }

    record Branch(Expression test, List<Statement> body) {}

    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.choose(this);
        }
    }

    /** Parameters in order; the defaults belong to the last of them. */
    record Signature(List<String> names, List<Integer> ids, List<Expression> defaults) {}

    /** A macro; the last three ids are -1 where the body does not mention these names. */
    record Macro(
            String name,
            int id,
            Signature signature,
            List<Statement> body,
            int callerId,
            int varargsId,
            int kwargsId,
            int line)
            implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.macro(this);
        }
    }

    record CallBlock(Expression.Call call, Macro caller, int line) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.callBlock(this);
        }
    }

    record FilterBlock(List<Expression.Filter> filters, List<Statement> body, int line) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.filterBlock(this);
        }
    }

    record With(List<Target> targets, List<Expression> values, List<Statement> body, int line) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.with(this);
        }
    }

    /** Text that the assistant generated, for the training mask. */
    record Generation(List<Statement> body) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.generation(this);
        }
    }

    /** {@code break} or {@code continue}. */
    record Jump(Flow flow) implements Statement {
        @Override
        public Flow accept(Visitor visitor) {
            return visitor.jump(this);
        }
    }
}
