package dev.chaku;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How an adapter and a base go together whose family and shapes do.
 *
 * @param adapter what messages call the adapter
 * @param base what messages call the base
 * @param trainedOn the name of the file that the adapter was trained on, where its own file says it
 * @param sameFile whether that is the base; empty where the adapter does not say, or the base has no file
 * @param sameVocabulary whether the tokens are those of the training; empty where either does not say
 */
public record AdapterFit(
        String adapter,
        String base,
        Optional<String> trainedOn,
        Optional<Boolean> sameFile,
        Optional<Boolean> sameVocabulary) {

    /** {@return what differs, one sentence each that names both; empty if nothing does as far as it is known} */
    public List<String> differences() {
        List<String> differences = new ArrayList<>();
        String of = trainedOn.map(name -> " (" + name + ")").orElse("");
        if (sameVocabulary.isPresent() && !sameVocabulary.get()) {
            differences.add(adapter + ": trained on a model of other tokens" + of + " than " + base);
        }
        if (sameFile.isPresent() && !sameFile.get()) {
            differences.add(adapter + ": trained on another model file" + of + " than " + base);
        }
        return differences;
    }

    /** {@return what cannot be told, one sentence each; empty if all is known} */
    public List<String> unknown() {
        List<String> unknown = new ArrayList<>();
        if (sameFile.isEmpty()) {
            unknown.add("whether it was trained on this very file: the adapter does not say");
        }
        if (sameVocabulary.isEmpty()) {
            unknown.add("whether it was trained with these tokens: the adapter does not say");
        }
        return unknown;
    }

    /**
     * Refuses what differs.
     *
     * @throws BadInputException if something does: the message names both sides
     */
    public void require() {
        differences().stream().findFirst().ifPresent(first -> {
            throw new BadInputException(first + ": expected the same; set force to go on all the same");
        });
    }
}
