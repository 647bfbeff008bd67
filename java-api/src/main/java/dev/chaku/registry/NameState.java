package dev.chaku.registry;

import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.registry.AdapterVersion.Standing;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What changes of the versions of one name, as its file has it. Immutable.
 *
 * @param last the highest number that was ever taken away, so that it is not given again
 * @param standings by number; what is not there is new
 * @param history the oldest first
 */
record NameState(int last, Map<Integer, Standing> standings, List<StateChange> history) {
    NameState {
        standings = Collections.unmodifiableMap(new TreeMap<>(standings));
        history = List.copyOf(history);
    }

    Standing standing(int number) {
        return standings.getOrDefault(number, Standing.NEW);
    }

    /** The number of the version in production, if one is. */
    OptionalInt production() {
        return standings.entrySet().stream()
                .filter(entry -> entry.getValue().state() == VersionState.PRODUCTION)
                .mapToInt(Map.Entry::getKey)
                .findFirst();
    }

    NameState with(int number, Standing standing) {
        Map<Integer, Standing> changed = new TreeMap<>(standings);
        changed.put(number, standing);
        return new NameState(last, changed, history);
    }

    /** The same without versions that were taken away, whose numbers stay taken. */
    NameState without(List<Integer> numbers) {
        Map<Integer, Standing> left = new TreeMap<>(standings);
        left.keySet().removeAll(numbers);
        return new NameState(last, left, history);
    }

    NameState withLast(int number) {
        return new NameState(Math.max(last, number), standings, history);
    }

    /** The same with a version in another state, and what was in production archived where it takes its place. */
    NameState moved(String action, int number, VersionState to, String by, Instant at, List<String> gates) {
        Standing before = standing(number);
        int replaced = to == VersionState.PRODUCTION ? production().orElse(0) : 0;
        NameState moved = replaced == 0 || replaced == number
                ? this
                : with(replaced, standing(replaced).withState(VersionState.ARCHIVED));
        List<StateChange> longer = new ArrayList<>(history);
        longer.add(new StateChange(at, by, action, number, before.state(), to, replaced, gates));
        return new NameState(last, moved.with(number, before.withState(to)).standings, longer);
    }

    /**
     * The version that was in production before the one that is, or last if none is.
     *
     * @param there tells versions that are there from those that were taken away
     */
    OptionalInt previousProduction(Predicate<Integer> there) {
        Deque<Integer> stack = new ArrayDeque<>();
        for (StateChange change : history) {
            if (change.to() == VersionState.PRODUCTION) {
                if (change.action().equals(AdapterRegistry.ROLLBACK)) {
                    while (!stack.isEmpty() && stack.peek() != change.number()) {
                        stack.pop();
                    }
                }
                if (stack.isEmpty() || stack.peek() != change.number()) {
                    stack.push(change.number());
                }
            }
        }
        int now = production().orElse(0);
        while (!stack.isEmpty() && (stack.peek() == now || !there.test(stack.peek()))) {
            stack.pop();
        }
        return stack.isEmpty() ? OptionalInt.empty() : OptionalInt.of(stack.peek());
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", VersionFile.FORMAT);
        json.put("last", last);
        Map<String, Object> versions = new LinkedHashMap<>();
        standings.forEach((number, standing) -> versions.put(number.toString(), toJson(standing)));
        json.put("versions", versions);
        json.put("history", history.stream().map(NameState::toJson).toList());
        return json;
    }

    private static Map<String, Object> toJson(Standing standing) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("state", standing.state().label());
        json.put("tags", standing.tags());
        json.put("checks", standing.checks().stream().map(NameState::toJson).toList());
        return json;
    }

    static Map<String, Object> toJson(Check check) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", check.name());
        json.put("passed", check.passed());
        json.put("at", check.at().toString());
        json.put("metrics", check.metrics());
        return json;
    }

    private static Map<String, Object> toJson(StateChange change) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("at", change.at().toString());
        json.put("by", change.by());
        json.put("action", change.action());
        json.put("version", change.number());
        json.put("from", change.from().label());
        json.put("to", change.to().label());
        json.put("replaced", change.replaced());
        json.put("gates", change.gates());
        return json;
    }

    /**
     * Reads what a name's file has.
     *
     * @throws dev.chaku.errors.BadInputException if something there is not as it is written
     */
    static NameState of(JsonFile json) {
        if (json.fields().isEmpty()) {
            return new NameState(0, Map.of(), List.of());
        }
        VersionFile.requireFormat(json);
        Map<Integer, Standing> standings = new TreeMap<>();
        JsonFile versions = VersionFile.object(json, "versions");
        for (String key : versions.fields().keySet()) {
            if (!key.matches("[1-9][0-9]{0,8}")) {
                throw json.error("versions", "numbers of versions", key);
            }
            standings.put(Integer.valueOf(key), standing(VersionFile.object(versions, key)));
        }
        long inProduction = standings.values().stream()
                .filter(standing -> standing.state() == VersionState.PRODUCTION)
                .count();
        if (inProduction > 1) {
            throw json.error("versions", "at most one in production", inProduction);
        }
        return new NameState(Math.toIntExact(VersionFile.count(json, "last")), standings, history(json));
    }

    private static Standing standing(JsonFile json) {
        List<String> tags = new ArrayList<>();
        json.findList("tags").orElse(List.of()).forEach(tag -> tags.add(String.valueOf(tag)));
        List<Check> checks = new ArrayList<>();
        int n = json.findList("checks").map(List::size).orElse(0);
        for (int i = 0; i < n; i++) {
            JsonFile check = json.element("checks", i);
            checks.add(new Check(
                    VersionFile.text(check, "name"),
                    check.bool("passed", false),
                    VersionFile.instant(check, "at"),
                    VersionFile.numbers(VersionFile.object(check, "metrics"))));
        }
        return new Standing(state(json, "state"), tags, checks);
    }

    private static VersionState state(JsonFile json, String key) {
        Optional<String> label = json.findString(key);
        for (VersionState state : VersionState.values()) {
            if (label.filter(state.label()::equals).isPresent()) {
                return state;
            }
        }
        throw json.error(key, "candidate, production or archived", label.orElse(null));
    }

    private static List<StateChange> history(JsonFile json) {
        List<StateChange> history = new ArrayList<>();
        int n = json.findList("history").map(List::size).orElse(0);
        for (int i = 0; i < n; i++) {
            JsonFile change = json.element("history", i);
            List<String> gates = new ArrayList<>();
            change.findList("gates").orElse(List.of()).forEach(gate -> gates.add(String.valueOf(gate)));
            history.add(new StateChange(
                    VersionFile.instant(change, "at"),
                    VersionFile.text(change, "by"),
                    VersionFile.text(change, "action"),
                    change.requireCount("version"),
                    state(change, "from"),
                    state(change, "to"),
                    Math.toIntExact(VersionFile.count(change, "replaced")),
                    gates));
        }
        return history;
    }
}
