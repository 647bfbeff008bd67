package dev.chaku.internal.schedule;

import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The beginnings of texts that a pool keeps, as a radix tree: a text that begins like one before goes on from there.
 * There is one tree for all that is worn alike. What was read is apart from what was generated: the digits differ.
 * Thread-safe, where texts are made by one thread at a time.
 */
final class PrefixTree {
    /** What one adapter does to a text, whichever object holds it and whatever it is called. */
    private record Wear(String contentHash, float scale) {}

    /**
     * What decides a token's numbers beside the tokens before it: the contents and scales that are worn, and how long
     * the text may become, which ropes may depend on. Keys of the same are equal.
     */
    static final class Key {
        private final List<EngineText.Worn> worn;
        private final List<Wear> content;
        private final int maxTokens;

        Key(List<EngineText.Worn> worn, int maxTokens) {
            this.worn = worn;
            this.content = worn.stream()
                    .map(one -> new Wear(one.adapter().contentHash(), one.scale()))
                    .toList();
            this.maxTokens = maxTokens;
        }

        /** For a new text. */
        List<EngineText.Worn> worn() {
            return worn;
        }

        int maxTokens() {
            return maxTokens;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && maxTokens == key.maxTokens && content.equals(key.content);
        }

        @Override
        public int hashCode() {
            return 31 * content.hashCode() + maxTokens;
        }
    }

    /** Tokens that follow those of the parent, and a text of all of them; the root has none. */
    private static final class Node {
        final List<Node> children = new ArrayList<>();
        final boolean generated;

        @Nullable
        Node parent;

        int[] edge;
        int end;

        @Nullable
        EngineText text;

        long used;

        Node(@Nullable Node parent, int[] edge, boolean generated, @Nullable EngineText text) {
            this.parent = parent;
            this.edge = edge;
            this.end = edge.length + (parent == null ? 0 : parent.end);
            this.generated = generated;
            this.text = text;
        }
    }

    /** Where a walk down the tree ends: so many tokens of this node's edge are like those looked for. */
    private record Place(Node node, int ofEdge) {
        int length() {
            return node.end - node.edge.length + ofEdge;
        }
    }

    private final Map<Key, Node> roots = new HashMap<>();
    private final boolean mixes;
    private long clock;

    /** @param mixes whether layers have a running memory, which is known at the ends of nodes alone */
    PrefixTree(boolean mixes) {
        this.mixes = mixes;
    }

    /**
     * A text of the first tokens that are known, {@code most} at the most; null if none is.
     *
     * @param asRead whether all must have been read, and none generated
     */
    synchronized @Nullable EngineText begin(Key key, int[] tokens, int most, boolean asRead) {
        Node root = roots.get(key);
        if (root == null || most <= 0) {
            return null;
        }
        Place best = walk(root, tokens, most, asRead);
        EngineText text = best.node().text;
        if (text == null || best.length() == 0) {
            return null;
        }
        for (Node node = best.node(); node != null; node = node.parent) {
            node.used = ++clock;
        }
        return text.fork(best.length());
    }

    /** How many first tokens are known. */
    synchronized int known(Key key, int[] tokens, int most, boolean asRead) {
        Node root = roots.get(key);
        return root == null ? 0 : walk(root, tokens, most, asRead).length();
    }

    private Place walk(Node from, int[] tokens, int most, boolean asRead) {
        Place best = new Place(from, from.edge.length);
        for (Node child : from.children) {
            if (asRead && child.generated) {
                continue;
            }
            int common = common(child.edge, tokens, from.end, most);
            boolean whole = common == child.edge.length;
            if (common > 0 && (whole || !mixes)) {
                Place place = whole ? walk(child, tokens, most, asRead) : new Place(child, common);
                best = place.length() > best.length() ? place : best;
            }
        }
        return best;
    }

    private static int common(int[] edge, int[] tokens, int from, int most) {
        int n = Math.min(edge.length, most - from);
        int i = 0;
        while (i < n && edge[i] == tokens[from + i]) {
            i++;
        }
        return Math.max(0, i);
    }

    /**
     * Keeps a text.
     *
     * @param tokens its tokens; more may follow
     * @param n how many it has
     * @param read how many of them were read; the others were generated
     * @param text the tree's own from now on
     */
    synchronized void keep(Key key, int[] tokens, int n, int read, EngineText text) {
        if (key.worn().stream().anyMatch(one -> one.adapter().isClosed())) {
            text.close();
            return;
        }
        Node node = roots.computeIfAbsent(key, absent -> new Node(null, new int[0], false, null));
        node = descend(node, tokens, Math.min(n, read), false);
        if (node.end < Math.min(n, read)) {
            boolean all = n <= read;
            if (!all && mixes) {
                text.close(); // its running memory of where the reading ended is gone
                return;
            }
            node = grow(node, tokens, Math.min(n, read), false, all ? text : text.fork(read));
            if (all) {
                return;
            }
        }
        if (n > node.end) {
            node = descend(node, tokens, n, true);
        }
        if (n > node.end) {
            grow(node, tokens, n, true, text);
        } else {
            text.close();
        }
    }

    private Node grow(Node parent, int[] tokens, int end, boolean generated, EngineText text) {
        Node leaf = new Node(parent, Arrays.copyOfRange(tokens, parent.end, end), generated, text);
        leaf.used = ++clock;
        parent.children.add(leaf);
        return leaf;
    }

    /** The node after which nothing is like the tokens; an edge that goes another way is split there. */
    private Node descend(Node from, int[] tokens, int most, boolean generated) {
        from.used = ++clock;
        for (Node child : from.children) {
            int common = child.generated == generated ? common(child.edge, tokens, from.end, most) : 0;
            if (common > 0 && common == child.edge.length) {
                return descend(child, tokens, most, generated);
            }
            if (common > 0 && !mixes) {
                return split(from, child, common);
            }
        }
        return from;
    }

    private Node split(Node parent, Node child, int common) {
        EngineText text = child.text;
        if (text == null) {
            throw new IllegalStateException("a node of a prefix has no text");
        }
        Node upper =
                new Node(parent, Arrays.copyOf(child.edge, common), child.generated, text.fork(parent.end + common));
        upper.used = ++clock;
        upper.children.add(child);
        parent.children.set(parent.children.indexOf(child), upper);
        child.edge = Arrays.copyOfRange(child.edge, common, child.edge.length);
        child.parent = upper;
        return upper;
    }

    /** Gives up the end of what was used least recently; false if nothing is kept. */
    synchronized boolean dropOldest() {
        Node oldest = null;
        Key of = null;
        for (Map.Entry<Key, Node> entry : roots.entrySet()) {
            Node found = oldestLeaf(entry.getValue());
            if (found.parent == null) {
                continue;
            }
            if (oldest == null || found.used < oldest.used) {
                oldest = found;
                of = entry.getKey();
            }
        }
        if (oldest == null) {
            roots.clear();
            return false;
        }
        trim(oldest);
        if (of != null && roots.get(of).children.isEmpty()) {
            roots.remove(of);
        }
        return true;
    }

    private void trim(Node leaf) {
        EngineText text = leaf.text;
        int begin = leaf.end - leaf.edge.length;
        int end = (leaf.end - 1) / EnginePool.BLOCK * EnginePool.BLOCK;
        if (text != null && !mixes && end > begin) {
            text.truncate(end);
            leaf.edge = Arrays.copyOf(leaf.edge, end - begin);
            leaf.end = end;
            return;
        }
        if (text != null) {
            text.close();
        }
        if (leaf.parent != null) {
            leaf.parent.children.remove(leaf);
        }
    }

    private static Node oldestLeaf(Node from) {
        Node oldest = null;
        for (Node child : from.children) {
            Node found = oldestLeaf(child);
            oldest = oldest == null || found.used < oldest.used ? found : oldest;
        }
        return oldest == null ? from : oldest;
    }

    /** Gives up what wears a closed adapter. */
    synchronized void takeOff() {
        roots.entrySet().removeIf(entry -> {
            boolean closed =
                    entry.getKey().worn().stream().anyMatch(one -> one.adapter().isClosed());
            if (closed) {
                close(entry.getValue());
            }
            return closed;
        });
    }

    /** Gives up everything. */
    synchronized void clear() {
        roots.values().forEach(PrefixTree::close);
        roots.clear();
    }

    private static void close(Node node) {
        if (node.text != null) {
            node.text.close();
        }
        node.children.forEach(PrefixTree::close);
    }
}
