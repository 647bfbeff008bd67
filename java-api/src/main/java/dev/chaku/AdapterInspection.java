package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the files of an adapter say of it, without its base: whether they are whole, what each product's matrices are,
 * and what is more than low-rank additions. All values are read and found to be finite.
 *
 * @param path the file or folder
 * @param format how it is stored
 * @param architecture the family of its base; empty where its files do not say
 * @param base what it was trained on, in its files' words; empty where they do not say
 * @param modules what it adds to, in the files' order
 * @param saved what takes the place of the base's weights, trained whole
 * @param beyond what is more than low-rank additions and whole weights, one sentence each: with any of it this is no
 *     LoRA that can be worn
 * @param remarks what is there and changes nothing, one sentence each
 * @param metadata the key values of a GGUF file; empty of folders
 */
public record AdapterInspection(
        Path path,
        AdapterFormat format,
        Optional<String> architecture,
        Optional<String> base,
        List<AdapterModule> modules,
        List<AdapterSavedWeight> saved,
        List<String> beyond,
        List<String> remarks,
        GgufMetadata metadata) {

    /**
     * Copies its lists.
     *
     * @param path the file or folder
     * @param format how it is stored
     * @param architecture the family of its base
     * @param base what it was trained on
     * @param modules what it adds to
     * @param saved what takes the place of weights
     * @param beyond what is more than low-rank additions
     * @param remarks what changes nothing
     * @param metadata of a GGUF file
     */
    public AdapterInspection {
        modules = List.copyOf(modules);
        saved = List.copyOf(saved);
        beyond = List.copyOf(beyond);
        remarks = List.copyOf(remarks);
    }

    /**
     * Reads an adapter of any format.
     *
     * @param path a GGUF file, the folder of a training, or a folder of PEFT or mlx-lm
     * @return what it holds
     * @throws BadInputException if it is none of these, a file is damaged, or a value is not finite
     */
    public static AdapterInspection of(Path path) {
        AdapterFormat format = AdapterFormat.of(path);
        AdapterFiles.Told told =
                format == AdapterFormat.GGUF ? AdapterFiles.gguf(Adapter.fileAt(path)) : AdapterFiles.folder(path);
        List<AdapterModule> modules = told.modules().stream()
                .map(each -> new AdapterModule(
                        each.name(),
                        each.experts(),
                        each.rank(),
                        each.inputs(),
                        each.outputs(),
                        each.scale(),
                        each.type()))
                .toList();
        return new AdapterInspection(
                path,
                format,
                told.architecture(),
                told.base(),
                modules,
                told.saved().stream()
                        .map(each -> new AdapterSavedWeight(each.name(), each.rows(), each.columns()))
                        .toList(),
                told.beyond(),
                told.remarks(),
                told.metadata());
    }

    /** {@return the number of values in all matrices} */
    public long parameterCount() {
        return modules.stream().mapToLong(AdapterModule::parameters).sum()
                + saved.stream().mapToLong(AdapterSavedWeight::parameters).sum();
    }

    /** {@return the largest rank; 0 of none} */
    public int rank() {
        return modules.stream().mapToInt(AdapterModule::rank).max().orElse(0);
    }

    /** {@return whether a GGUF file of an adapter can say all of it} */
    public boolean isLora() {
        return beyond.isEmpty() && !(modules.isEmpty() && saved.isEmpty());
    }
}
