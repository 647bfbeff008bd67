package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.io.HashedCopy;
import dev.chaku.internal.io.Sha256;
import dev.chaku.internal.io.WholeFile;
import dev.chaku.internal.io.WholeFolder;
import dev.chaku.internal.registry.FileSums;
import dev.chaku.internal.registry.JsonText;
import dev.chaku.internal.registry.NameFolder;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A version whose files are all on the disk, beside the others, and that has no number yet. Not thread-safe. */
final class StagedVersion implements AutoCloseable {
    private final NameFolder of;
    private final WholeFolder staged;
    private final String sha256;

    private StagedVersion(NameFolder of, WholeFolder staged, String sha256) {
        this.of = of;
        this.staged = staged;
        this.sha256 = sha256;
    }

    /** Copies an adapter and writes what is said of it; takes as long as the files are large. */
    static StagedVersion write(
            NameFolder of, String name, String user, OriginFiles origin, VersionDescription description) {
        WholeFolder staged = null;
        boolean whole = false;
        try {
            staged = of.stage();
            Map<String, String> sums = new LinkedHashMap<>();
            copy(origin.adapter(), staged.path().resolve(AdapterKeys.FILE_NAME), sums);
            for (Path beside : origin.beside()) {
                copy(beside, staged.path().resolve(beside.getFileName().toString()), sums);
            }
            String sha256 = sums.get(AdapterKeys.FILE_NAME);
            long bytes = Files.size(staged.path().resolve(AdapterKeys.FILE_NAME));
            VersionFile file = new VersionFile(name, AdapterRegistry.now(), user, description, sha256, bytes);
            byte[] text = JsonText.of(file.toJson()).getBytes(StandardCharsets.UTF_8);
            WholeFile.write(staged.path().resolve(VersionFile.NAME), text);
            sums.put(VersionFile.NAME, new Sha256().add(text).hex());
            new FileSums(sums).write(staged.path());
            staged.force();
            whole = true;
            return new StagedVersion(of, staged, sha256);
        } catch (IOException e) {
            throw FileFault.notWritten(of.path(), e);
        } finally {
            if (!whole && staged != null) {
                staged.close();
            }
        }
    }

    private static void copy(Path from, Path to, Map<String, String> sums) throws IOException {
        sums.put(to.getFileName().toString(), HashedCopy.copy(from, to, bytes -> {}));
    }

    /** The newest version that has the same adapter; under the lock. */
    Optional<Integer> same() {
        List<Integer> numbers = of.numbers();
        for (int i = numbers.size() - 1; i >= 0; i--) {
            try {
                if (VersionFile.read(of.version(numbers.get(i))).sha256().equals(sha256)) {
                    return Optional.of(numbers.get(i));
                }
            } catch (BadInputException e) {
                // Damaged: not the same.
            }
        }
        return Optional.empty();
    }

    /**
     * Puts the version in its place, with the next number; under the lock.
     *
     * @param last number that was given and taken away
     * @return the number
     */
    int place(int last) {
        List<Integer> numbers = of.numbers();
        int number = 1 + Math.max(last, numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1));
        try {
            staged.placeAs(Integer.toString(number));
            return number;
        } catch (IOException e) {
            throw FileFault.notWritten(of.version(number), e);
        }
    }

    /** Deletes what was not placed. */
    @Override
    public void close() {
        staged.close();
    }
}
