package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * An adapter in a folder as another tool left it, before it is brought to a base: its modules by their names, what of
 * it no LoRA file can say, and what is worth telling. Only heads of files are read; matrices are when asked for.
 *
 * @param folder that holds it
 * @param kind whose folder it is
 * @param base what it was trained on, as its configuration says; empty if it does not
 * @param inputsFirst whether the configuration says that weights are stored inputs by outputs
 * @param modules in the files' order
 * @param beyond what is more than low-rank additions; empty for a plain LoRA
 * @param wholes the tensors of that, as far as a merge can take them
 * @param remarks on what is there and changes nothing, one sentence each
 */
record FoundAdapter(
        Path folder,
        Kind kind,
        String base,
        boolean inputsFirst,
        List<FoundModule> modules,
        List<Beyond> beyond,
        List<Whole> wholes,
        List<String> remarks) {

    /** The tool whose folder it is. */
    enum Kind {
        PEFT,
        MLX
    }

    /**
     * Something that is no low-rank addition.
     *
     * @param what where it stands and what was found, for instance {@code adapter_config.json: use_dora = true}
     * @param why it cannot be part of a LoRA file
     * @param saved whether it is of whole weights, which can be worn where they are of the embedding or the output
     */
    record Beyond(String what, String why, boolean saved) {
        Beyond(String what, String why) {
            this(what, why, false);
        }

        /** Of a whole weight. */
        static Beyond saved(String what, String why) {
            return new Beyond(what, why + "; " + MERGED, true);
        }

        /** Of what can be had as a whole model all the same. */
        static Beyond mergeable(String what, String why) {
            return new Beyond(what, why + "; " + MERGED);
        }

        boolean isMergeable() {
            return why.endsWith(MERGED);
        }

        String sentence() {
            return what + " is not supported: " + why;
        }
    }

    /** What a tensor of a whole module is. */
    enum WholeKind {
        /** The length of each row of the merged weight, [N] or [N, 1]. */
        MAGNITUDE,
        /** Rows of an embedding in place of those of some tokens, [n, D]. */
        TOKENS,
        /** A weight in place of the base's. */
        WEIGHT
    }

    /**
     * A tensor that stands for whole weights.
     *
     * @param module its name, without what tools put around it
     * @param tokens whose rows it has; empty but for {@link WholeKind#TOKENS}
     */
    record Whole(String module, WholeKind kind, FoundModule.Matrix matrix, List<Integer> tokens) {}

    /** What a refusal adds where merging is the way out. */
    static final String MERGED = "export it merged: that makes a whole model of base and adapter";

    FoundAdapter {
        modules = List.copyOf(modules);
        beyond = List.copyOf(beyond);
        wholes = List.copyOf(wholes);
        remarks = List.copyOf(remarks);
    }

    /** Whether a folder holds an adapter of another tool. */
    static boolean isThere(Path folder) {
        return Files.isRegularFile(folder.resolve(PeftConfig.FILE_NAME));
    }

    static boolean isMlx(Path folder) {
        return Files.exists(folder.resolve(MlxFolder.WEIGHTS));
    }

    /**
     * Reads a folder of PEFT or MLX, told by its files.
     *
     * @throws BadInputException if it is neither or damaged; not for what is {@link #beyond}
     */
    static FoundAdapter read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(folder + ": expected a folder with " + PeftConfig.FILE_NAME + ", found "
                    + (Files.exists(folder) ? "a file" : "none"));
        }
        return isMlx(folder) ? MlxFolder.read(folder) : PeftFolder.read(folder);
    }

    /** @throws BadInputException if it holds what cannot even be merged: the message names the first of it */
    FoundAdapter requireMergeable() {
        beyond.stream().filter(each -> !each.isMergeable()).findFirst().ifPresent(first -> {
            throw new BadInputException(first.sentence());
        });
        if (modules.isEmpty() && wholes.isEmpty()) {
            throw new BadInputException(folder + ": expected tensors of adapted modules, found none");
        }
        return this;
    }

    /**
     * @throws BadInputException if it is more than low-rank additions and whole weights: the message names the first
     *     that is
     */
    FoundAdapter requireLora() {
        beyond.stream()
                .filter(each -> !each.saved() || wholes.isEmpty())
                .findFirst()
                .ifPresent(first -> {
                    throw new BadInputException(first.sentence());
                });
        if (modules.isEmpty() && wholes.isEmpty()) {
            throw new BadInputException(folder + ": expected tensors of LoRA modules, found none");
        }
        return this;
    }
}
