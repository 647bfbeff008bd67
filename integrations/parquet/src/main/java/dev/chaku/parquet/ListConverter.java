package dev.chaku.parquet;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/** A list's group as a list; elements that are null stay. */
final class ListConverter extends GroupConverter {
    private final Converter repeated;
    private final Consumer<Object> done;
    private List<@Nullable Object> list = new ArrayList<>();

    ListConverter(GroupType type, Consumer<Object> done) {
        this.done = done;
        Type field = type.getType(0);
        // Between the list and its element stands a group of one field, unless the name says that it is the element
        // itself.
        boolean between = !field.isPrimitive()
                && field.asGroupType().getFieldCount() == 1
                && !field.getName().equals("array")
                && !field.getName().equals(type.getName() + "_tuple");
        this.repeated = between
                ? new Entry(field.asGroupType().getType(0))
                : StructConverter.converter(field, value -> list.add(value));
    }

    @Override
    public Converter getConverter(int field) {
        return repeated;
    }

    @Override
    public void start() {
        list = new ArrayList<>();
    }

    @Override
    public void end() {
        done.accept(list);
    }

    /** The group between a list and its element: without an element it is a null. */
    private final class Entry extends GroupConverter {
        private final Converter element;
        private @Nullable Object value;

        Entry(Type type) {
            this.element = StructConverter.converter(type, read -> value = read);
        }

        @Override
        public Converter getConverter(int field) {
            return element;
        }

        @Override
        public void start() {
            value = null;
        }

        @Override
        public void end() {
            list.add(value);
        }
    }
}
