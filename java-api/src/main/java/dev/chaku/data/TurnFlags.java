package dev.chaku.data;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a message says of itself: whether it is trained, and what it counts. Trainers have different names for it, and
 * numbers or truth values.
 */
final class TurnFlags {
    /** OpenAI and Mistral; LLaMA-Factory; ms-swift and XTuner; axolotl; others. */
    static final List<String> KEYS =
            List.of("weight", "loss_weight", "loss", "train", "training", "trainable", "train_on_turn");

    private TurnFlags() {}

    /**
     * The weight that a message's flags give it as a turn of the assistant; 1 without any.
     *
     * @throws RecordFault if one is no weight, or they contradict each other
     */
    static float weight(Map<?, ?> message, String where) throws RecordFault {
        float weight = 1;
        String before = null;
        for (String key : KEYS) {
            Object value = message.get(key);
            if (value == null) {
                continue;
            }
            float flag = flag(value);
            if (!(flag >= 0) || Float.isInfinite(flag)) {
                throw new RecordFault(where + ": expected a weight of at least 0 or a truth value as '" + key
                        + "', found " + (value instanceof String text ? "the string '" + text + "'" : value));
            }
            boolean gates = flag == 1 || weight == 1; // A 1 says that the turn is trained, and not how much it counts.
            if (before != null && ((flag > 0) != (weight > 0) || !gates && flag != weight)) {
                throw new RecordFault(where + ": expected flags that agree, found '" + before + "' of " + weight
                        + " and '" + key + "' of " + flag);
            }
            weight = flag == 1 ? weight : flag;
            before = key;
        }
        return weight;
    }

    /**
     * Takes the flags out, which are read and no part of the conversation. A flag that wants to train a turn of another
     * role than the assistant's stays: it is not followed, and the doctor tells so.
     */
    static void remove(Map<String, @Nullable Object> message, boolean assistant) {
        for (String key : KEYS) {
            Object value = message.get(key);
            if (assistant || value == null || flag(value) == 0) {
                message.remove(key);
            }
        }
    }

    /** The flag as a number, NaN if it is none. */
    private static float flag(Object value) {
        if (value instanceof Boolean truth) {
            return truth ? 1 : 0;
        }
        return value instanceof Number number ? number.floatValue() : Float.NaN;
    }
}
