package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.registry.NameFolder;
import dev.chaku.io.NewFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * A folder of adapters by name, each in numbered versions that are kept as they were made. One of them may be in
 * production: what the name stands for.
 *
 * <p>The folder is plain files: for each name a folder, in it one for each version, with the adapter, what its training
 * wrote, {@code version.json} and the hashes of all, and {@code state.json} with what changes: states, tags, checks and
 * the history. Threads and processes may read and write at once: a version appears and goes by one rename, and the
 * state is replaced by one, under a lock that ends with its process. Whenever a process is killed, what was there
 * before is whole. Readers need no lock, and no permission to write. Immutable and thread-safe.
 */
public final class AdapterRegistry {
    static final String PROMOTE = "promote";
    static final String ROLLBACK = "rollback";

    private final Path folder;
    private final VersionReader reader;

    private AdapterRegistry(Path folder) {
        this.folder = folder;
        this.reader = new VersionReader(folder);
    }

    /**
     * {@return the registry in a folder, which need not be there: the first version makes it}
     *
     * @param folder the folder
     */
    public static AdapterRegistry open(Path folder) {
        return new AdapterRegistry(Objects.requireNonNull(folder, "folder"));
    }

    /**
     * {@return the user's registry: the folder that the environment's {@code CHAKU_REGISTRY} names, else
     * {@code chaku/adapters} in {@code XDG_DATA_HOME}, else in {@code .local/share} of the home folder}
     *
     * @throws BadInputException if nothing is named and the user has no home
     */
    public static AdapterRegistry ofUser() {
        return open(UserFolder.of(System.getenv(), System.getProperty("user.home", "")));
    }

    /** {@return the folder} */
    public Path folder() {
        return folder;
    }

    /**
     * {@return the names that have versions, sorted}
     *
     * @throws BadInputException if the folder cannot be read
     */
    public List<String> names() {
        return reader.names();
    }

    /**
     * {@return the numbers of a name's versions, rising; none where the name has none}
     *
     * @param name of the adapter
     * @throws BadInputException if it may be none, or the folder cannot be read
     */
    public List<Integer> numbers(String name) {
        AdapterReference.requireName(name);
        return of(name).numbers();
    }

    /**
     * {@return the versions of a name, the oldest first}
     *
     * @param name of the adapter
     * @throws BadInputException if what is said of one cannot be read; its other files are not looked at
     */
    public List<AdapterVersion> versions(String name) {
        AdapterReference.requireName(name);
        return reader.versions(name);
    }

    /**
     * {@return what became of a name's versions, the oldest change first}
     *
     * @param name of the adapter
     * @throws BadInputException if it cannot be read
     */
    public List<StateChange> history(String name) {
        AdapterReference.requireName(name);
        return NameState.of(of(name).state()).history();
    }

    /**
     * {@return a version as it stands; its files are not looked at}
     *
     * @param reference such as {@code support@3}, see {@link AdapterReference}
     * @throws BadInputException if there is none
     */
    public AdapterVersion version(String reference) {
        return reader.version(AdapterReference.parse(reference));
    }

    /**
     * {@return state, tags and checks of a version, which are kept beside it: known of a damaged one, too}
     *
     * @param name of the adapter
     * @param number of the version; one without a state yet is a new candidate
     * @throws BadInputException if the name's {@code state.json} cannot be read
     */
    public AdapterVersion.Standing standing(String name, int number) {
        AdapterReference.requireName(name);
        return NameState.of(of(name).state()).standing(number);
    }

    /**
     * {@return a version all of whose files are as they were registered: every one is read and its hash compared}
     *
     * @param reference such as {@code support@3}, see {@link AdapterReference}
     * @throws BadInputException if there is none, or it is damaged: the message names the file and the version before
     */
    public AdapterVersion resolve(String reference) {
        return reader.whole(AdapterReference.parse(reference));
    }

    /**
     * {@return the file or folder that a text names, in a place where versions are named, too: what is there under that
     * name goes first, else it is a version, which is checked as by {@link #resolve}}
     *
     * @param text a path, or a reference such as {@code support@production}
     * @throws BadInputException if it is neither, or the version is damaged
     */
    public Path locate(String text) {
        if (AdapterReference.isPath(text)) {
            return Path.of(text);
        }
        if (!AdapterReference.looksLikeOne(text)) {
            throw new BadInputException(text + ": expected an adapter, a file or a folder, found none of that name");
        }
        AdapterReference reference = AdapterReference.parse(text);
        if (of(reference.name()).numbers().isEmpty()) {
            throw new BadInputException(text + ": expected an adapter, found no file or folder of that name, and in the"
                    + " registry " + folder + " " + VersionChoice.there(reader));
        }
        return resolve(text).file();
    }

    /**
     * {@return what is wrong with a version's files, in words; empty if all are as they were registered}
     *
     * @param name of the adapter
     * @param number of the version
     */
    public Optional<String> damage(String name, int number) {
        AdapterReference.requireName(name);
        return reader.damage(name, number);
    }

    /**
     * Adds a version. The files are copied; what they were copied from may go.
     *
     * @param name of the adapter, new or one that has versions
     * @param adapter a GGUF adapter, or a folder of a training, whose settings, result and log are taken too
     * @param description what is said of it, as {@link VersionDescription#of} reads it or better
     * @return the version, a candidate with the next number
     * @throws BadInputException if there is no adapter, the name may be none, or the folder cannot be written to
     * @throws ResourceException if the disk is full; nothing is left behind
     */
    public AdapterVersion register(String name, Path adapter, VersionDescription description) {
        return register(name, adapter, description, false);
    }

    /**
     * The same, unless a version of this name has the very same adapter: then it is that one. For work that may be done
     * twice, such as the end of a training that is resumed.
     *
     * @param name of the adapter, new or one that has versions
     * @param adapter a GGUF adapter, or a folder of a training
     * @param description what is said of it
     * @return the version
     * @throws BadInputException as {@link #register}
     * @throws ResourceException as {@link #register}
     */
    public AdapterVersion registerOnce(String name, Path adapter, VersionDescription description) {
        return register(name, adapter, description, true);
    }

    private AdapterVersion register(String name, Path adapter, VersionDescription description, boolean once) {
        OriginFiles origin = OriginFiles.of(adapter);
        requireCanRegister(name);
        NameFolder of = of(name);
        of.make();
        int number;
        VersionDescription named = description.withLineage(description
                .lineage()
                .withParents(reader.named(description.lineage().parents())));
        try (StagedVersion staged = StagedVersion.write(of, name, user(), origin, named)) {
            number = of.locked(() -> {
                of.sweep();
                Optional<Integer> same = once ? staged.same() : Optional.empty();
                return same.orElseGet(
                        () -> staged.place(NameState.of(of.state()).last()));
            });
        }
        return version(name + "@" + number);
    }

    /**
     * Checks that a version of this name can be registered, before long work begins; nothing is made.
     *
     * @param name of the adapter
     * @throws BadInputException if the name may be none, differs from another in case alone, or the folder cannot be
     *     written to
     */
    public void requireCanRegister(String name) {
        AdapterReference.requireName(name);
        NewFile.requireFolderCanBeMade(of(name).path());
        if (!Files.isDirectory(folder)) {
            return;
        }
        for (String other : names()) {
            if (other.equalsIgnoreCase(name) && !other.equals(name)) {
                throw new BadInputException(
                        "adapter '" + name + "': expected a name that differs from others by more than"
                                + " case, as some disks do not tell them apart, found " + other);
            }
        }
    }

    /**
     * Puts tags on a version, and takes tags off.
     *
     * @param reference of the version
     * @param add to be put on
     * @param remove to be taken off; those that it has not do not matter
     * @return the version as it stands then
     * @throws BadInputException if there is no such version, or a tag may be none
     */
    public AdapterVersion tag(String reference, Collection<String> add, Collection<String> remove) {
        add.forEach(AdapterReference::requireTag);
        return change(reference, (version, state) -> {
            Set<String> tags = new TreeSet<>(version.standing().tags());
            tags.removeAll(remove);
            tags.addAll(add);
            return state.with(version.number(), version.standing().withTags(List.copyOf(tags)));
        });
    }

    /**
     * Writes down what a version was put to; an older check of the same name is replaced.
     *
     * @param reference of the version
     * @param check what was done
     * @return the version as it stands then
     * @throws BadInputException if there is no such version
     */
    public AdapterVersion record(String reference, Check check) {
        return change(reference, (version, state) -> {
            List<Check> checks = new ArrayList<>(version.standing().checks());
            checks.removeIf(done -> done.name().equals(check.name()));
            checks.add(check);
            return state.with(version.number(), version.standing().withChecks(checks));
        });
    }

    /**
     * Puts a version in production; the one that was is archived. Nothing happens to one that is in production already.
     *
     * @param reference of the version
     * @param gates what it must hold
     * @return the version as it stands then
     * @throws BadInputException if there is no such version, it is damaged, or it does not hold a gate: the message
     *     names each, with expected and found
     */
    public AdapterVersion promote(String reference, List<Gate> gates) {
        AdapterVersion whole = resolve(reference);
        return change(whole.reference(), (version, state) -> {
            String faults =
                    gates.stream().flatMap(gate -> gate.fault(version).stream()).collect(Collectors.joining("; "));
            if (!faults.isEmpty()) {
                throw new BadInputException(version.reference() + ": " + faults + "; it stays "
                        + version.state().label());
            }
            return move(state, PROMOTE, version, VersionState.PRODUCTION, gates);
        });
    }

    /**
     * Puts a version into a state. In production it is put by {@link #promote}.
     *
     * @param reference of the version
     * @param to candidate or archived; a version that was in production leaves it
     * @return the version as it stands then
     * @throws BadInputException if there is no such version
     */
    public AdapterVersion setAside(String reference, VersionState to) {
        if (to == VersionState.PRODUCTION) {
            throw new IllegalArgumentException("promote puts a version in production");
        }
        return change(reference, (version, state) -> move(state, to.label(), version, to, List.of()));
    }

    private static NameState move(
            NameState state, String action, AdapterVersion version, VersionState to, List<Gate> gates) {
        return version.state() == to
                ? state
                : state.moved(
                        action,
                        version.number(),
                        to,
                        user(),
                        now(),
                        gates.stream().map(Gate::text).toList());
    }

    /**
     * Puts the version in production that was before the one that is; where none is, the last that was. The history
     * keeps both.
     *
     * @param name of the adapter
     * @return the version that is in production then
     * @throws BadInputException if none was, or it is damaged
     */
    public AdapterVersion rollback(String name) {
        AdapterReference.requireName(name);
        NameFolder of = of(name);
        if (of.numbers().isEmpty()) {
            throw VersionChoice.none(new AdapterReference(name, ""), List.of(), NameState.of(of.state()), reader);
        }
        int[] back = new int[1];
        update(of, state -> {
            Set<Integer> there = Set.copyOf(of.numbers());
            back[0] = state.previousProduction(there::contains).orElseThrow(() -> noneBefore(name, state));
            damage(name, back[0]).ifPresent(damage -> {
                throw reader.damaged(name, back[0], damage);
            });
            return state.moved(ROLLBACK, back[0], VersionState.PRODUCTION, user(), now(), List.of());
        });
        return version(name + "@" + back[0]);
    }

    private static BadInputException noneBefore(String name, NameState state) {
        return new BadInputException(name + ": expected a version that was in production before"
                + (state.production().isPresent()
                        ? " " + name + "@" + state.production().getAsInt()
                        : "")
                + ", found none");
    }

    /**
     * Takes versions away that no rule keeps, never one that is in production.
     *
     * @param name of the adapter
     * @param retention which stay
     * @param dryRun whether nothing is done, and only told
     * @return what is taken away, the oldest first
     * @throws BadInputException if the folder cannot be read or written to
     */
    public List<Removal> collect(String name, Retention retention, boolean dryRun) {
        AdapterReference.requireName(name);
        NameFolder of = of(name);
        if (dryRun || of.numbers().isEmpty()) {
            return reader.removals(name, retention, NameState.of(of.state()));
        }
        return of.locked(() -> {
            of.sweep();
            NameState state = NameState.of(of.state());
            List<Removal> removals = reader.removals(name, retention, state);
            List<Integer> numbers = removals.stream()
                    .map(removal ->
                            AdapterReference.parse(removal.reference()).number().orElseThrow())
                    .toList();
            if (!numbers.isEmpty()) {
                // Their numbers are taken for ever, before the first of them goes.
                NameState taken = state.withLast(numbers.get(numbers.size() - 1));
                of.writeState(taken.toJson());
                of.remove(numbers);
                of.writeState(taken.without(numbers).toJson());
            }
            return removals;
        });
    }

    /**
     * {@return what differs between two versions: what is said of them, and per tensor what they add to the base}
     *
     * @param before a version
     * @param after another, of the same name or not
     * @throws BadInputException if there is no such version, one is damaged, or the two are for bases of other shapes
     */
    public VersionDiff diff(String before, String after) {
        return Differences.of(resolve(before), resolve(after));
    }

    /**
     * {@return a model card of a version: Markdown, with what Hugging Face reads in YAML at its head}
     *
     * @param reference of the version
     * @throws BadInputException if there is no such version, or it is damaged
     */
    public String card(String reference) {
        return ModelCard.of(resolve(reference));
    }

    private interface Change {
        NameState of(AdapterVersion version, NameState state);
    }

    /** Changes what a reference means when the lock is held. */
    private AdapterVersion change(String reference, Change change) {
        AdapterReference parsed = AdapterReference.parse(reference);
        NameFolder of = of(parsed.name());
        int number = reader.version(parsed).number(); // Fails before a lock is waited for.
        int[] changed = {number};
        update(of, state -> {
            AdapterVersion version = reader.version(parsed);
            changed[0] = version.number();
            return change.of(version, state);
        });
        return version(parsed.name() + "@" + changed[0]);
    }

    private static NameState update(NameFolder of, UnaryOperator<NameState> change) {
        return of.locked(() -> {
            NameState before = NameState.of(of.state());
            NameState after = change.apply(before);
            if (!after.equals(before)) {
                of.writeState(after.toJson());
            }
            return after;
        });
    }

    private NameFolder of(String name) {
        return reader.of(name);
    }

    private static String user() {
        return System.getProperty("user.name", "");
    }

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    @Override
    public String toString() {
        return "registry " + folder;
    }
}
