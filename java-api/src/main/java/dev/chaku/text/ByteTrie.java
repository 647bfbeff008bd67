package dev.chaku.text;

import java.util.Arrays;

/** A tree of byte strings with a number each, to be walked byte by byte. Thread-safe once filled. */
final class ByteTrie {
    static final int ROOT = 0;

    /** No such node, or no number at it. */
    static final int NONE = -1;

    /** Children of the root by their byte: most walks end there. */
    private final int[] roots = new int[256];

    private byte[] label = new byte[64];
    private int[] firstChild = new int[64];
    private int[] sibling = new int[64];
    private int[] number = new int[64];
    private int size = 1;

    ByteTrie() {
        Arrays.fill(roots, NONE);
        firstChild[ROOT] = NONE;
        number[ROOT] = NONE;
    }

    void put(byte[] text, int value) {
        int node = ROOT;
        for (byte step : text) {
            int child = child(node, step);
            node = child == NONE ? addChild(node, step) : child;
        }
        number[node] = value;
    }

    /** The node that a byte leads to, or {@link #NONE}. */
    int child(int node, byte step) {
        if (node == ROOT) {
            return roots[step & 0xff];
        }
        int child = firstChild[node];
        while (child != NONE && label[child] != step) {
            child = sibling[child];
        }
        return child;
    }

    /** The number of the string that ends at a node, or {@link #NONE}. */
    int number(int node) {
        return number[node];
    }

    private int addChild(int parent, byte step) {
        if (size == label.length) {
            label = Arrays.copyOf(label, 2 * size);
            firstChild = Arrays.copyOf(firstChild, 2 * size);
            sibling = Arrays.copyOf(sibling, 2 * size);
            number = Arrays.copyOf(number, 2 * size);
        }
        label[size] = step;
        firstChild[size] = NONE;
        number[size] = NONE;
        sibling[size] = firstChild[parent];
        firstChild[parent] = size;
        if (parent == ROOT) {
            roots[step & 0xff] = size;
        }
        return size++;
    }
}
