package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/** Which version of a name a reference means. */
final class VersionChoice {
    private static final int MOST_NAMES = 10;

    private VersionChoice() {}

    /**
     * The number of the version; empty if there is none.
     *
     * @param numbers of the versions that are there, rising
     */
    static OptionalInt of(AdapterReference reference, List<Integer> numbers, NameState state) {
        if (numbers.isEmpty()) {
            return OptionalInt.empty();
        }
        if (reference.version().isEmpty()) {
            OptionalInt production = state.production();
            return production.isPresent() ? production : newest(numbers, any -> true);
        }
        if (reference.version().equals(AdapterReference.LATEST)) {
            return newest(numbers, any -> true);
        }
        Optional<Integer> number = reference.number();
        if (number.isPresent()) {
            return newest(numbers, each -> each == number.get());
        }
        Optional<VersionState> asked = reference.state();
        return asked.isPresent()
                ? newest(numbers, each -> state.standing(each).state() == asked.get())
                : newest(numbers, each -> state.standing(each).tags().contains(reference.version()));
    }

    private static OptionalInt newest(List<Integer> numbers, IntPredicate wanted) {
        return numbers.stream().mapToInt(Integer::intValue).filter(wanted).max();
    }

    /** That a name is not there, and which are. */
    static String there(VersionReader registry) {
        List<String> names = registry.names();
        return names.isEmpty()
                ? "no adapter at all"
                : "none of this name; it has "
                        + names.stream().limit(MOST_NAMES).collect(Collectors.joining(", "))
                        + (names.size() > MOST_NAMES ? ", ..." : "");
    }

    /** What to throw where there is none. */
    static BadInputException none(
            AdapterReference reference, List<Integer> numbers, NameState state, VersionReader registry) {
        String name = reference.name();
        if (numbers.isEmpty()) {
            return new BadInputException(
                    name + ": expected an adapter of the registry " + registry.folder() + ", found " + there(registry));
        }
        if (reference.number().isPresent()) {
            boolean gone = reference.number().get() <= state.last();
            return new BadInputException(reference + ": expected a version that is there: "
                    + numbers.stream().map(String::valueOf).collect(Collectors.joining(", ")) + "; found "
                    + (gone ? "that it was taken away" : "none"));
        }
        return new BadInputException(reference + ": expected a version that is "
                + (reference.state().isPresent() ? reference.version() : "tagged " + reference.version())
                + ", found none among " + numbers.size() + " of " + name);
    }
}
