package dev.chaku.generate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What came of the form that was asked for.
 *
 * @param complete whether the text has it; not where the number of tokens, a stop string or the caller ended it before
 * @param choices for a form of choices, how likely the model found each among them, before sampling options changed
 *     anything; texts that no token told apart from others, on the way that was taken, are missing. Empty for other
 *     forms
 */
public record FormResult(boolean complete, Map<String, Double> choices) {
    public FormResult {
        choices = Collections.unmodifiableMap(new LinkedHashMap<>(choices));
    }
}
