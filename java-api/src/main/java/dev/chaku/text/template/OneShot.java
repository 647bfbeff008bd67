package dev.chaku.text.template;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's generators and iterators: true, without length, and empty once read. */
record OneShot(String typeName, Iterator<@Nullable Object> iterator) {
    static OneShot generator(List<@Nullable Object> items) {
        return new OneShot("generator", items.iterator());
    }
}
