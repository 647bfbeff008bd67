package dev.chaku.registry;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an adapter was made of. A text that is empty, and a number that is 0, is what its files do not tell. Immutable.
 *
 * @param base the model that it was trained on
 * @param data what it was trained on
 * @param templateSha256 of the chat template that rendered conversations
 * @param tokenizerSha256 of the base's tokenizer
 * @param settings of the training, or of the merge, by name
 * @param codeVersion the version of Chaku that made it
 * @param parents the adapters that it was merged from, or went on from
 */
public record Lineage(
        Base base,
        Data data,
        String templateSha256,
        String tokenizerSha256,
        Map<String, String> settings,
        String codeVersion,
        List<Parent> parents) {

    /** Copies the collections; the order of settings is kept. */
    public Lineage {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        parents = List.copyOf(parents);
    }

    /**
     * A base model.
     *
     * @param name as its own file calls it
     * @param file the name of its file
     * @param sha256 of the file's bytes
     * @param architecture its family
     */
    public record Base(String name, String file, String sha256, String architecture) {}

    /**
     * The data of a training.
     *
     * @param files their names, where they were told
     * @param sha256 of the examples as they were trained: token ids and weights
     * @param examples how many
     * @param validationSha256 the same of what was validated on
     * @param validationExamples how many
     * @param conversations how many of the records were conversations
     */
    public record Data(
            List<String> files,
            String sha256,
            long examples,
            String validationSha256,
            long validationExamples,
            long conversations) {

        /** Copies the files. */
        public Data {
            files = List.copyOf(files);
        }

        /**
         * {@return the same with the names of files}
         *
         * @param names of the files, as the user calls them
         */
        public Data withFiles(List<String> names) {
            return new Data(names, sha256, examples, validationSha256, validationExamples, conversations);
        }
    }

    /**
     * An adapter that this one was made from.
     *
     * @param adapter a version such as {@code support@3}, or the name of a file
     * @param sha256 of its file, empty where it is not told
     * @param weight its share in a merge, if it is one
     */
    public record Parent(String adapter, String sha256, Optional<Double> weight) {
        /** {@return whether it was merged with others; else a training went on from it} */
        public boolean isMerged() {
            return weight.isPresent();
        }
    }

    /**
     * {@return the same with other data}
     *
     * @param newData the data
     */
    public Lineage withData(Data newData) {
        return new Lineage(base, newData, templateSha256, tokenizerSha256, settings, codeVersion, parents);
    }

    /**
     * {@return the same with other parents}
     *
     * @param newParents the adapters that it was made from
     */
    public Lineage withParents(List<Parent> newParents) {
        return new Lineage(base, data, templateSha256, tokenizerSha256, settings, codeVersion, newParents);
    }
}
