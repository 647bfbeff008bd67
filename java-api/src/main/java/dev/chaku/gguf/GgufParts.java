package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A model split into several GGUF files, as llama.cpp splits one: {@code NAME-00001-of-00003.gguf} and so on, each a
 * whole GGUF file with some of the tensors. The first has the model's metadata (and possibly no tensor); all have
 * {@code split.no} (from 0), {@code split.count} and {@code split.tensors.count}, the number of tensors of all parts.
 *
 * <p>These keys cannot tell a part from that of another model of the same shape. Parts that Chaku writes carry a
 * fingerprint of the whole besides, see {@link GgufSplit}.
 */
final class GgufParts {
    static final String NUMBER = "split.no";
    static final String COUNT = "split.count";
    static final String TENSORS = "split.tensors.count";
    /** Ours: the same text in all parts of one model. */
    static final String FINGERPRINT = "chaku.split.fingerprint";
    /** The count is a u16 in files. */
    static final int MOST_PARTS = 0xffff;

    private static final Pattern NAME = Pattern.compile("(.*)-([0-9]{5})-of-([0-9]{5})\\.gguf", Pattern.DOTALL);
    private static final int NAMED_IN_MESSAGES = 3;

    private GgufParts() {}

    /** The name of a part, counted from 0. */
    static String name(String prefix, int index, int count) {
        return String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", prefix, index + 1, count);
    }

    /** Whether a file that was read alone is one of several parts. */
    static boolean isPart(GgufFile file) {
        return file.metadata().findLong(COUNT).orElse(1) > 1;
    }

    /**
     * Reads all parts of a model as one file.
     *
     * @param one any of them
     */
    static GgufFile read(GgufFile one) {
        List<Path> paths = paths(one);
        List<GgufFile> files = new ArrayList<>();
        for (Path path : paths) {
            files.add(path.equals(one.path()) ? one : GgufFile.readAlone(path));
        }
        GgufFile first = files.get(0);
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        Map<String, Path> places = new HashMap<>();
        for (int i = 0; i < files.size(); i++) {
            GgufFile file = files.get(i);
            requireNumber(file, i, files.size());
            requireSameModel(file, first);
            for (GgufTensor tensor : file.tensors()) {
                if (tensors.putIfAbsent(tensor.name(), tensor.in(i)) != null) {
                    throw foreign(file, "tensor '" + tensor.name() + "' is in " + places.get(tensor.name()) + " too");
                }
                places.put(tensor.name(), file.path());
            }
        }
        requireCount(first, tensors.size());
        GgufParser.Head head = new GgufParser.Head(
                first.version(),
                whole(first.metadata()),
                first.alignment(),
                first.dataOffset(),
                List.copyOf(tensors.values()));
        return new GgufFile(files.stream().map(file -> file.parts().get(0)).toList(), head);
    }

    /** The metadata of the whole: without what belongs to one part. */
    static GgufMetadata whole(GgufMetadata metadata) {
        Map<String, GgufValue> values = new LinkedHashMap<>(metadata.asMap());
        values.keySet().removeAll(List.of(NUMBER, COUNT, TENSORS, FINGERPRINT));
        return new GgufMetadata(metadata.source(), values);
    }

    /** A writer of the one file that the parts make. */
    static GgufWriter joined(GgufFile parts, Path target) {
        GgufWriter writer = GgufWriter.to(target).putAll(parts.metadata());
        parts.tensors()
                .forEach(tensor -> writer.tensor(tensor.name(), tensor.type(), tensor.dims(), parts.copyOf(tensor)));
        return writer;
    }

    private static List<Path> paths(GgufFile one) {
        int index = number(one);
        int count = count(one);
        Path name = one.path().getFileName();
        Matcher matcher = NAME.matcher(name == null ? "" : name.toString());
        if (!matcher.matches()) {
            throw new BadInputException(one.path() + ": this is part " + (index + 1) + " of " + count
                    + " of a model: expected a name like " + name("NAME", index, count)
                    + ", by which the others are found; give all parts their names back");
        }
        if (Integer.parseInt(matcher.group(2)) != index + 1 || Integer.parseInt(matcher.group(3)) != count) {
            throw new BadInputException(one.path() + ": by its name this is part " + Integer.parseInt(matcher.group(2))
                    + " of "
                    + Integer.parseInt(matcher.group(3)) + ", by its metadata part " + (index + 1) + " of " + count
                    + "; give all parts their names back");
        }
        List<Path> paths = IntStream.range(0, count)
                .mapToObj(i -> one.path().resolveSibling(name(matcher.group(1), i, count)))
                .toList();
        List<Path> missing = paths.stream().filter(path -> !Files.exists(path)).toList();
        if (!missing.isEmpty()) {
            String names = missing.stream()
                    .limit(NAMED_IN_MESSAGES)
                    .map(path -> path.getFileName().toString())
                    .collect(Collectors.joining(", "));
            throw new BadInputException(one.path() + ": this is one of " + count
                    + " parts of a model: expected all in one folder, found none named "
                    + names
                    + (missing.size() > NAMED_IN_MESSAGES
                            ? " and " + (missing.size() - NAMED_IN_MESSAGES) + " more"
                            : "")
                    + "; put the missing beside it");
        }
        return paths;
    }

    private static int number(GgufFile file) {
        long number = file.metadata().requireLong(NUMBER);
        int count = count(file);
        if (number < 0 || number >= count) {
            throw new BadInputException(file.path() + ": metadata key '" + NUMBER + "' expects 0 to " + (count - 1)
                    + " in one of " + count + " parts, found " + number);
        }
        return (int) number;
    }

    private static int count(GgufFile file) {
        long count = file.metadata().requireLong(COUNT);
        if (count > MOST_PARTS) {
            throw new BadInputException(file.path() + ": metadata key '" + COUNT + "' expects at most " + MOST_PARTS
                    + " parts, found " + count);
        }
        return (int) count;
    }

    private static void requireNumber(GgufFile file, int index, int count) {
        String expected = "part " + (index + 1) + " of " + count;
        if (!isPart(file)) {
            throw foreign(
                    file,
                    "expected " + expected + ", found a file that is no part of a model (metadata key '" + COUNT
                            + "')");
        }
        if (number(file) != index || count(file) != count) {
            throw foreign(file, "expected " + expected + ", found part " + (number(file) + 1) + " of " + count(file));
        }
    }

    /** What parts have in common must be equal; later ones repeat little of the metadata. */
    private static void requireSameModel(GgufFile file, GgufFile first) {
        for (Map.Entry<String, GgufValue> entry : file.metadata().asMap().entrySet()) {
            String key = entry.getKey();
            GgufValue value = first.metadata().asMap().get(key);
            boolean own = key.equals(NUMBER) || key.equals(GgufParser.ALIGNMENT_KEY);
            if (!own && value != null && !value.equals(entry.getValue())) {
                throw foreign(
                        file,
                        "expected " + value.describe() + " under the metadata key '" + key + "' as in " + first.path()
                                + ", found " + entry.getValue().describe());
            }
        }
        if (!Objects.equals(fingerprint(file), fingerprint(first))) {
            throw foreign(file, "its metadata key '" + FINGERPRINT + "' is not that of " + first.path());
        }
    }

    private static @Nullable GgufValue fingerprint(GgufFile file) {
        return file.metadata().asMap().get(FINGERPRINT);
    }

    private static void requireCount(GgufFile first, int found) {
        long expected = first.metadata().findLong(TENSORS).orElse(found);
        if (expected != found) {
            throw new BadInputException(
                    first.path() + ": expected " + expected + " tensors in all parts together (metadata key '" + TENSORS
                            + "'), found " + found + "; a part is another model's or was made anew: fetch all again");
        }
    }

    private static BadInputException foreign(GgufFile file, String problem) {
        return new BadInputException(file.path() + ": no part of the same model: " + problem
                + "; put back the part that was made with the others");
    }
}
