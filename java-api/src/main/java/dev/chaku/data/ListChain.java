package dev.chaku.data;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/** Lists one after the other as one, without a copy. As thread-safe as they are. */
final class ListChain<T> extends AbstractList<T> implements RandomAccess {
    private final List<List<T>> lists;
    private final int size;

    ListChain(List<List<T>> lists) {
        this.lists = List.copyOf(lists);
        this.size = lists.stream().mapToInt(List::size).sum();
    }

    @Override
    public T get(int i) {
        int rest = i;
        for (List<T> list : lists) {
            if (rest < list.size()) {
                return list.get(rest);
            }
            rest -= list.size();
        }
        throw new IndexOutOfBoundsException(i + " of " + size);
    }

    @Override
    public int size() {
        return size;
    }
}
