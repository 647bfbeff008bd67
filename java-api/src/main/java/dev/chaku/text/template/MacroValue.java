package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A macro with the scope it was defined in. */
record MacroValue(Statement.Macro definition, Scope closure) implements Callable {
    String name() {
        return definition.name();
    }

    @Override
    public @Nullable Object call(Rendering rendering, Arguments arguments) {
        Statement.Signature signature = definition.signature();
        int count = signature.names().size();
        int firstDefault = count - signature.defaults().size();
        Scope scope = closure.inner();
        Map<String, @Nullable Object> named = new LinkedHashMap<>(arguments.named());
        List<@Nullable Object> positional = arguments.positional();
        for (int i = 0; i < count; i++) {
            String name = signature.names().get(i);
            Object value;
            if (i < positional.size()) {
                value = positional.get(i);
            } else if (named.containsKey(name)) {
                value = named.remove(name);
            } else if (i >= firstDefault) {
                value = rendering.evaluateIn(scope, signature.defaults().get(i - firstDefault));
            } else {
                value = new Undefined("parameter '" + name + "' was not provided", false);
            }
            scope.set(signature.ids().get(i), value);
        }
        bindImplicit(scope, named, positional, count);
        return rendering.capture(scope, definition.body());
    }

    private void bindImplicit(
            Scope scope, Map<String, @Nullable Object> named, List<@Nullable Object> positional, int count) {
        Object caller = named.remove("caller");
        if (definition.callerId() >= 0) {
            scope.set(definition.callerId(), caller == null ? new Undefined("No caller defined", false) : caller);
        } else if (caller != null) {
            throw TemplateFault.type("macro '%s' takes no keyword argument 'caller'".formatted(name()));
        }
        if (definition.kwargsId() >= 0) {
            scope.set(definition.kwargsId(), named);
        } else if (!named.isEmpty()) {
            throw TemplateFault.type("macro '%s' takes no keyword argument '%s'"
                    .formatted(name(), named.keySet().iterator().next()));
        }
        if (definition.varargsId() >= 0) {
            List<@Nullable Object> rest =
                    positional.size() > count ? positional.subList(count, positional.size()) : List.of();
            scope.set(definition.varargsId(), new Tuple(new ArrayList<>(rest)));
        } else if (positional.size() > count) {
            throw TemplateFault.type("macro '%s' takes not more than %d argument(s)".formatted(name(), count));
        }
    }

    @Override
    public String description() {
        return "<Macro '" + name() + "'>";
    }
}
