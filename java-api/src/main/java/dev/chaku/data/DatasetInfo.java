package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A file that names data sets and their columns, in the layout of LLaMA-Factory's {@code dataset_info.json}: for each
 * name a {@code file_name} beside it, {@code formatting} (alpaca or sharegpt) and {@code columns}. Immutable.
 */
public final class DatasetInfo {
    /** Its names of columns to ours. */
    private static final Map<String, String> COLUMNS = Map.of(
            "prompt", "instruction",
            "query", "input",
            "response", "output",
            "messages", "conversations",
            "system", "system",
            "tools", "tools",
            "chosen", "chosen",
            "rejected", "rejected",
            "kto_tag", "kto_tag");

    private final Path file;
    private final Map<?, ?> sets;

    private DatasetInfo(Path file, Map<?, ?> sets) {
        this.file = file;
        this.sets = sets;
    }

    /**
     * @param file a dataset_info.json
     * @return the data sets that it names
     * @throws BadInputException if the file cannot be read or is no JSON object
     */
    public static DatasetInfo read(Path file) {
        Objects.requireNonNull(file, "file");
        try {
            if (JsonValues.parse(Files.readString(file)) instanceof Map<?, ?> sets) {
                return new DatasetInfo(file, sets);
            }
            throw new BadInputException(file + ": expected a JSON object that names data sets, found other JSON");
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read: " + JsonFault.describe(e), e);
        }
    }

    /** {@return the names, in the file's order} */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        sets.keySet().forEach(name -> names.add(name.toString()));
        return names;
    }

    /**
     * Reads one of the data sets.
     *
     * @param name of a data set in it
     * @param skipBadLines whether lines that cannot be read are left out rather than refused
     * @return the data set
     * @throws BadInputException if there is none of this name, it is not a file, or as {@link Dataset#read(List,
     *     Dataset.Options)}
     */
    public Dataset dataset(String name, boolean skipBadLines) {
        if (!(sets.get(name) instanceof Map<?, ?> set)) {
            throw new BadInputException(
                    file + ": expected a data set named '" + name + "', found none; it has " + names());
        }
        if (!(set.get("file_name") instanceof String fileName)) {
            throw new BadInputException(file + ": data set '" + name + "': expected 'file_name', found " + set.keySet()
                    + "; sets that must be fetched are not read");
        }
        Map<String, String> columns = new LinkedHashMap<>();
        if (set.get("columns") instanceof Map<?, ?> named) {
            for (Map.Entry<?, ?> column : named.entrySet()) {
                String ours = COLUMNS.get(column.getKey());
                if (ours == null) {
                    throw new BadInputException(file + ": data set '" + name + "': the column '" + column.getKey()
                            + "' is not supported; known are "
                            + COLUMNS.keySet().stream().sorted().toList());
                }
                columns.put(ours, String.valueOf(column.getValue()));
            }
        }
        Dataset.Options options =
                Dataset.Options.defaults().withColumns(new ColumnMap(columns)).withSkipBadLines(skipBadLines);
        return Dataset.read(List.of(file.resolveSibling(fileName)), options);
    }
}
