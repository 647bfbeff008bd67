package dev.chaku.data;

import dev.chaku.internal.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Which examples ask the same, without their prompts in memory: a prompt is known by 128 bits of its SHA-256, kept in
 * an open-addressing hash table. The odds that two of n prompts share them are n squared in 2^129.
 */
final class PromptGroups {
    private static final int FREE = -1;

    private final Sha256 sum = new Sha256();
    private long[] keys = new long[2 * 1024];
    private int[] groupAt = free(1024);
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
        ByteBuffer hash = ByteBuffer.wrap(
                sum.add(prompt.getBytes(StandardCharsets.UTF_16)).bytes());
        long high = hash.getLong();
        long low = hash.getLong();
        int place = place(high, low);
        if (groupAt[place] == FREE) {
            put(place, high, low, groups++);
            if (2 * groups > groupAt.length) {
                grow();
            }
            return groups - 1;
        }
        return groupAt[place];
    }

    /** Where a key stands, or the free place where it would. */
    private int place(long high, long low) {
        int mask = groupAt.length - 1;
        int place = (int) high & mask;
        while (groupAt[place] != FREE && (keys[2 * place] != high || keys[2 * place + 1] != low)) {
            place = place + 1 & mask;
        }
        return place;
    }

    private void put(int place, long high, long low, int group) {
        keys[2 * place] = high;
        keys[2 * place + 1] = low;
        groupAt[place] = group;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldGroups = groupAt;
        keys = new long[2 * oldKeys.length];
        groupAt = free(2 * oldGroups.length);
        for (int i = 0; i < oldGroups.length; i++) {
            if (oldGroups[i] != FREE) {
                put(place(oldKeys[2 * i], oldKeys[2 * i + 1]), oldKeys[2 * i], oldKeys[2 * i + 1], oldGroups[i]);
            }
        }
    }

    private static int[] free(int n) {
        int[] groups = new int[n];
        Arrays.fill(groups, FREE);
        return groups;
    }
}
