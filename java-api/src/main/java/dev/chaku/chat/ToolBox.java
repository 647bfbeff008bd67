package dev.chaku.chat;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonText;
import dev.chaku.internal.schema.RecordSchema;
import dev.chaku.internal.schema.RecordValues;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Tools that can be called: the methods of an interface, with what does them. Immutable; as thread-safe as that is.
 *
 * <p>A tool is called as its method is, in small letters with {@code _} between words; {@link Description} says what it
 * and its arguments are. The interface is public in a package that its module exports or opens to {@code dev.chaku},
 * and compiled with {@code -parameters}, which keeps the names of arguments. Arguments are of the types that
 * {@link JavaSchema} names.
 */
public final class ToolBox {
    private static final Function<AnnotatedElement, String> DESCRIBED = element -> {
        Description described = element.getAnnotation(Description.class);
        return described == null ? "" : described.value();
    };

    private final Object implementation;
    private final Map<Tool, Method> methods;

    private ToolBox(Object implementation, Map<Tool, Method> methods) {
        this.implementation = implementation;
        this.methods = methods;
    }

    /**
     * {@return the tools of an interface}
     *
     * @param type the interface
     * @param implementation does them
     * @param <T> the interface
     * @throws BadInputException if it is none, two methods have one name, or an argument has no name or no such type
     */
    public static <T> ToolBox of(Class<T> type, T implementation) {
        if (!type.isInterface()) {
            throw BadInputException.ofSetting("tools", "an interface", type.getName());
        }
        Map<Tool, Method> methods = new LinkedHashMap<>();
        Arrays.stream(type.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .sorted(Comparator.comparing(Method::getName))
                .forEach(method -> methods.put(tool(type, method), method));
        if (methods.keySet().stream().map(Tool::name).distinct().count() < methods.size()) {
            throw BadInputException.ofSetting("tools", "methods of different names", type.getName());
        }
        return new ToolBox(implementation, methods);
    }

    private static Tool tool(Class<?> type, Method method) {
        Map<String, Type> arguments = new LinkedHashMap<>();
        Map<String, String> descriptions = new LinkedHashMap<>();
        String where = type.getSimpleName() + "." + method.getName();
        for (Parameter parameter : method.getParameters()) {
            if (!parameter.isNamePresent()) {
                throw BadInputException.ofSetting(
                        where, "names of its arguments (compile with -parameters)", parameter.getName());
            }
            arguments.put(parameter.getName(), parameter.getParameterizedType());
            descriptions.put(parameter.getName(), DESCRIBED.apply(parameter));
        }
        return new Tool(
                RecordSchema.snake(method.getName()),
                DESCRIBED.apply(method),
                RecordSchema.ofArguments(arguments, descriptions, where, DESCRIBED));
    }

    /** {@return the tools, by their names' order} */
    public List<Tool> tools() {
        return List.copyOf(methods.keySet());
    }

    /**
     * Does what the model calls.
     *
     * @param call that it made
     * @return the result for the model: a String as it is, other values as JSON; {@code {"error": ...}} in words where
     *     the method throws an Exception, so that the model may try something else
     * @throws BadInputException if there is no such tool, its arguments do not fit, or it cannot be reached
     */
    public String call(ToolCall call) {
        Method method = methods.entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(call.name()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting(
                        "call",
                        "one of " + methods.keySet().stream().map(Tool::name).toList(),
                        call.name()));
        Map<String, Object> values = call.values();
        List<Object> arguments = new ArrayList<>();
        for (Parameter parameter : method.getParameters()) {
            arguments.add(RecordValues.read(parameter.getParameterizedType(), values.get(parameter.getName())));
        }
        try {
            if (!method.trySetAccessible()) {
                throw BadInputException.ofSetting(
                        "tools", "an interface that its module exports, or opens to dev.chaku", method.toString());
            }
            Object result = method.invoke(implementation, arguments.toArray());
            return result instanceof String text ? text : JsonText.of(RecordValues.plain(result));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exception problem) {
                return JsonText.of(Map.of("error", String.valueOf(problem.getMessage())));
            }
            throw new IllegalStateException("tool " + call.name() + " failed", e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("tool " + call.name() + " cannot be called", e);
        }
    }
}
