package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.registry.FileSums;
import dev.chaku.internal.registry.NameFolder;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What is in a registry, without a lock: a state is one file and a version one folder, so that each is seen whole, and
 * what goes between two looks is looked for once more. Immutable and thread-safe.
 *
 * @param folder of the registry
 */
record VersionReader(Path folder) {
    /** Looks at what is taken away meanwhile; more would be a registry that says what is not there. */
    private static final int MOST_LOOKS = 4;

    NameFolder of(String name) {
        return new NameFolder(folder.resolve(name));
    }

    /** The names that have versions, sorted. */
    List<String> names() {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(AdapterReference::looksLikeOne)
                    .filter(name -> !of(name).numbers().isEmpty())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FileFault.notRead(folder, e);
        } catch (UncheckedIOException e) {
            throw FileFault.notRead(folder, e.getCause());
        }
    }

    /** The versions of a name, the oldest first. */
    List<AdapterVersion> versions(String name) {
        NameFolder of = of(name);
        NameState state = NameState.of(of.state());
        List<AdapterVersion> versions = new ArrayList<>();
        for (int number : of.numbers()) {
            try {
                versions.add(read(of, state, name, number));
            } catch (BadInputException e) {
                if (Files.exists(of.version(number))) {
                    throw e;
                }
                // Taken away meanwhile.
            }
        }
        return versions;
    }

    /**
     * A version all of whose files are as they were registered.
     *
     * @throws BadInputException if there is none, or it is damaged
     */
    AdapterVersion whole(AdapterReference reference) {
        for (int i = 1; ; i++) {
            AdapterVersion version = version(reference);
            Optional<String> damage = damage(version.name(), version.number());
            if (damage.isEmpty()) {
                return version;
            }
            // What was taken away between two looks is no longer what the reference means.
            if (Files.exists(version.folder()) || i == MOST_LOOKS) {
                throw damaged(version.name(), version.number(), damage.get());
            }
        }
    }

    /** What is wrong with a version's files; empty if they are as they were registered. */
    Optional<String> damage(String name, int number) {
        Path version = of(name).version(number);
        try {
            return FileSums.read(version).fault(version);
        } catch (BadInputException e) {
            return Optional.of(e.getMessage());
        } catch (IOException e) {
            return Optional.of(FileFault.notRead(version, e).getMessage());
        }
    }

    /** What to throw where a version is damaged: the one before it that is not is named. */
    BadInputException damaged(String name, int number, String damage) {
        List<Integer> before =
                of(name).numbers().stream().filter(other -> other < number).toList();
        Optional<Integer> whole = Optional.empty();
        for (int i = before.size() - 1; i >= 0 && whole.isEmpty(); i--) {
            whole = Optional.of(before.get(i))
                    .filter(other -> damage(name, other).isEmpty());
        }
        return new BadInputException(name + "@" + number + ": damaged: " + damage + "; "
                + whole.map(other -> "the version before it, " + name + "@" + other + ", is whole")
                        .orElse("no version before it is whole"));
    }

    /**
     * A version as it stands; its files are not looked at.
     *
     * @throws BadInputException if there is none
     */
    AdapterVersion version(AdapterReference reference) {
        NameFolder of = of(reference.name());
        for (int i = 1; ; i++) {
            NameState state = NameState.of(of.state());
            List<Integer> numbers = of.numbers();
            int number = VersionChoice.of(reference, numbers, state)
                    .orElseThrow(() -> VersionChoice.none(reference, numbers, state, this));
            try {
                return read(of, state, reference.name(), number);
            } catch (BadInputException e) {
                if (Files.exists(of.version(number))
                                && Files.exists(of.version(number).resolve(VersionFile.NAME))
                        || i == MOST_LOOKS) {
                    throw damaged(reference.name(), number, e.getMessage());
                }
            }
        }
    }

    private static AdapterVersion read(NameFolder of, NameState state, String name, int number) {
        Path version = of.version(number);
        VersionFile file = VersionFile.read(version);
        return new AdapterVersion(
                name,
                number,
                file.created(),
                file.createdBy(),
                file.description(),
                state.standing(number),
                file.sha256(),
                file.bytes(),
                version);
    }

    /** Parents that are versions of this registry, by what they are called here. */
    List<Lineage.Parent> named(List<Lineage.Parent> parents) {
        if (parents.isEmpty()) {
            return parents;
        }
        Map<String, String> references = new HashMap<>();
        for (String name : names()) {
            for (int number : of(name).numbers()) {
                try {
                    String sha256 = VersionFile.read(of(name).version(number)).sha256();
                    references.putIfAbsent(sha256, name + "@" + number);
                } catch (BadInputException e) {
                    // Damaged: nothing was made of it lately.
                }
            }
        }
        return parents.stream()
                .map(parent -> new Lineage.Parent(
                        references.getOrDefault(parent.sha256(), parent.adapter()), parent.sha256(), parent.weight()))
                .toList();
    }

    /** What rules do not keep, the oldest first. */
    List<Removal> removals(String name, Retention retention, NameState state) {
        NameFolder of = of(name);
        List<Integer> numbers = of.numbers();
        List<AdapterVersion> readable = new ArrayList<>();
        for (int number : numbers) {
            try {
                readable.add(read(of, state, name, number));
            } catch (BadInputException e) {
                // Damaged: it has no metrics, and goes by its number alone.
            }
        }
        Set<Integer> stay = retention.stay(
                numbers, readable, state.production().stream().boxed().findFirst());
        return numbers.stream()
                .filter(number -> !stay.contains(number))
                .map(number -> new Removal(name + "@" + number, bytes(of.version(number))))
                .toList();
    }

    private static long bytes(Path version) {
        try (Stream<Path> files = Files.list(version)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException | UncheckedIOException e) {
            return 0; // Taken away meanwhile.
        }
    }
}
