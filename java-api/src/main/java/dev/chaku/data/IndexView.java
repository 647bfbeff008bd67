package dev.chaku.data;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/** Some elements of a list, in an order of their own, without a copy of them. As thread-safe as the list. */
final class IndexView<T> extends AbstractList<T> implements RandomAccess {
    private final List<T> list;
    private final int[] indices;

    /** @param indices not copied */
    IndexView(List<T> list, int[] indices) {
        this.list = list;
        this.indices = indices;
    }

    @Override
    public T get(int i) {
        return list.get(indices[i]);
    }

    @Override
    public int size() {
        return indices.length;
    }
}
