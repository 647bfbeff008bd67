package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Divides records at random into a part to train on and parts set aside. All records of one prompt come into the same
 * part. With strata every part gets its share of each label. Records are shown one by one and not kept. Not
 * thread-safe.
 */
public final class DataSplitter {
    private static final int LABEL_CHARS = 40;
    private static final int MOST_LABELS = 50;

    /** How much is set aside: a share of all examples, or a number of them. */
    public sealed interface Size {
        /** A share, more than 0 and less than 1. */
        record Share(double share) implements Size {}

        /** A number of examples, at least 1. */
        record Count(int examples) implements Size {}

        /**
         * Reads a number: below 1 a share, else a count.
         *
         * @param name to be told in the message
         * @param text a whole number of examples, or a share such as {@code 0.1} or {@code 10%}
         * @return the size
         * @throws BadInputException if it is neither
         */
        static Size parse(String name, String text) {
            try {
                double number = Double.parseDouble(text);
                if (number > 0 && number < 1) {
                    return new Share(number);
                }
                if (number >= 1 && number <= Integer.MAX_VALUE && number == Math.rint(number) && !text.contains(".")) {
                    return new Count((int) number);
                }
            } catch (NumberFormatException e) {
                // Told below, as other numbers are.
            }
            throw BadInputException.ofSetting(name, "a share below 1 or a number of examples", "'" + text + "'");
        }

        private int of(int all) {
            return this instanceof Count count
                    ? count.examples()
                    : (int) Math.max(1, Math.round(((Share) this).share() * all));
        }
    }

    /** Records of one prompt. */
    private static final class Group {
        private final List<Integer> records = new ArrayList<>();
        private int examples;
    }

    private final boolean byLabel;
    /** Groups by their prompt, within strata by label. A prompt is in the stratum of its first label. */
    private final Map<String, List<Group>> strata = new LinkedHashMap<>();

    private final PromptGroups prompts = new PromptGroups();
    private final List<Group> groups = new ArrayList<>();
    private int records;
    private int examples;

    /** @param byLabel whether every part is to have its share of each label */
    public DataSplitter(boolean byLabel) {
        this.byLabel = byLabel;
    }

    /**
     * @param entry a record as its file has it
     * @throws BadInputException if labels are asked for and an answer is none
     */
    public void see(DataRecords.Entry entry) {
        Example first = entry.examples().get(0);
        int number = prompts.group(first.promptKey());
        if (number == groups.size()) {
            groups.add(new Group());
            strata.computeIfAbsent(byLabel ? label(first) : "", label -> new ArrayList<>())
                    .add(groups.get(number));
            if (strata.size() > MOST_LABELS) {
                throw new BadInputException(entry.source() + ": strata: expected answers that are one of at most "
                        + MOST_LABELS + " labels, found more; split without them");
            }
        }
        Group group = groups.get(number);
        group.records.add(records++);
        group.examples += entry.examples().size();
        examples += entry.examples().size();
    }

    /**
     * Divides what was seen.
     *
     * @param sizes of the parts that are set aside
     * @param seed decides all random choices; the same seed gives the same result
     * @return the part of each record in the order in which it was seen: 0 for what is left to train on, then those set
     *     aside; their sizes are as near as whole prompts allow
     * @throws BadInputException if a part would be empty
     */
    public int[] split(List<Size> sizes, long seed) {
        int[] partOf = new int[records];
        int[] taken = new int[sizes.size() + 1];
        Random random = new Random(seed);
        long seen = 0;
        for (List<Group> stratum : strata.values()) {
            List<Group> shuffled = new ArrayList<>(stratum);
            Collections.shuffle(shuffled, random);
            seen += stratum.stream().mapToLong(group -> group.examples).sum();
            for (Group group : shuffled) {
                int part = part(group, sizes, taken, seen);
                taken[part] += group.examples;
                group.records.forEach(record -> partOf[record] = part);
            }
        }
        for (int part = 0; part < taken.length; part++) {
            if (taken[part] == 0) {
                throw new BadInputException("split: expected enough prompts for every part, found " + groups.size()
                        + " prompts with " + examples + " examples, too few for "
                        + (part == 0 ? "any to train on" : "what is set aside"));
            }
        }
        return partOf;
    }

    /** The first part that still has room for its share of all strata so far. */
    private int part(Group group, List<Size> sizes, int[] taken, long seen) {
        for (int i = 0; i < sizes.size(); i++) {
            long quota = Math.round((double) sizes.get(i).of(examples) * seen / examples);
            if (taken[i + 1] + group.examples <= quota) {
                return i + 1;
            }
        }
        return 0;
    }

    private static String label(Example example) {
        if (example instanceof Example.Labelled labelled) {
            return String.valueOf(labelled.wanted());
        }
        String answer = example instanceof Example.PromptCompletion pair ? pair.completion() : lastContent(example);
        if (answer.length() > LABEL_CHARS) {
            throw new BadInputException(example.source() + ": strata: expected a label of at most " + LABEL_CHARS
                    + " characters as the answer, found " + answer.length() + "; split without them");
        }
        return answer;
    }

    private static String lastContent(Example example) {
        if (example instanceof Example.Chat chat) {
            return Conversion.content(chat.messages().get(chat.messages().size() - 1));
        }
        throw new BadInputException(
                example.source() + ": strata: expected an answer that is a label, found none; split without them");
    }
}
