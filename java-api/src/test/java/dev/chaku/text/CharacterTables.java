package dev.chaku.text;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;

/** Writes tables of characters as SentencePiece does, for tests. */
public final class CharacterTables {
    private static final class Node {
        private final TreeMap<Integer, Node> children = new TreeMap<>();
        private int value = -1;
    }

    private record Placed(Node node, int index) {}

    private CharacterTables() {}

    /** The blob of a map from stretches of text to what they become. */
    public static byte[] blob(Map<String, String> map) {
        ByteArrayOutputStream replacements = new ByteArrayOutputStream();
        Node root = new Node();
        new TreeMap<>(map).forEach((from, to) -> {
            Node node = root;
            for (byte unit : from.getBytes(StandardCharsets.UTF_8)) {
                node = node.children.computeIfAbsent(unit & 0xff, label -> new Node());
            }
            node.value = replacements.size();
            replacements.writeBytes(to.getBytes(StandardCharsets.UTF_8));
            replacements.write(0);
        });
        int[] units = place(root);
        ByteBuffer blob =
                ByteBuffer.allocate(4 + 4 * units.length + replacements.size()).order(ByteOrder.LITTLE_ENDIAN);
        blob.putInt(4 * units.length);
        for (int unit : units) {
            blob.putInt(unit);
        }
        return blob.put(replacements.toByteArray()).array();
    }

    /** Gives each node's children the first free places; a place is parent ^ distance ^ label. */
    private static int[] place(Node root) {
        int[] units = new int[1 << 16];
        boolean[] taken = new boolean[units.length];
        boolean[] bases = new boolean[units.length]; // labels tell nodes apart only where each has a base of its own
        taken[0] = true;
        int last = 0;
        Deque<Placed> open = new ArrayDeque<>();
        open.add(new Placed(root, 0));
        while (!open.isEmpty()) {
            Placed parent = open.remove();
            Node node = parent.node();
            if (node.children.isEmpty() && node.value < 0) {
                continue;
            }
            int distance = 1;
            while (bases[parent.index() ^ distance] || !fits(node, parent.index() ^ distance, taken)) {
                distance++;
            }
            int base = parent.index() ^ distance;
            bases[base] = true;
            units[parent.index()] |= distance << 10;
            if (node.value >= 0) {
                units[parent.index()] |= 0x100;
                units[base] = node.value | 0x80000000;
                taken[base] = true;
                last = Math.max(last, base);
            }
            for (Map.Entry<Integer, Node> child : node.children.entrySet()) {
                int index = base ^ child.getKey();
                units[index] = child.getKey();
                taken[index] = true;
                last = Math.max(last, index);
                open.add(new Placed(child.getValue(), index));
            }
        }
        return Arrays.copyOf(units, last + 1);
    }

    private static boolean fits(Node node, int base, boolean[] taken) {
        return (node.value < 0 || !taken[base])
                && node.children.keySet().stream().noneMatch(label -> taken[base ^ label]);
    }
}
