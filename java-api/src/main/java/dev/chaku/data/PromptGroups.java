package dev.chaku.data;

import dev.chaku.internal.data.DigestTable;
import dev.chaku.internal.data.TextDigest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Which examples ask the same, without their prompts in memory: a prompt is known by 128 bits of its SHA-256. The odds
 * that two of n prompts share them are n squared in 2^129.
 */
final class PromptGroups {
    private final DigestTable numbers = new DigestTable();
    private int groups;

    /** The group of each example, numbered in the order of their first ones. */
    static int[] of(List<Example> examples) {
        PromptGroups prompts = new PromptGroups();
        int[] groupOf = new int[examples.size()];
        for (int i = 0; i < groupOf.length; i++) {
            groupOf[i] = prompts.group(examples.get(i).promptKey());
        }
        return groupOf;
    }

    /** The group of a prompt: one that was there, or the next number. */
    int group(String prompt) {
        int before = numbers.putIfAbsent(digest(prompt), groups);
        return before == DigestTable.NONE ? groups++ : before;
    }

    /** Of UTF-16, in which prompts with halves of surrogate pairs differ, too. */
    private static TextDigest digest(String prompt) {
        return TextDigest.of(prompt.getBytes(StandardCharsets.UTF_16));
    }
}
