package dev.chaku.parquet;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * A group of fields as a map, in the schema's order as far as fields have values.
 *
 * <p>Lists are groups around one repeated field (Parquet's LogicalTypes.md, "Lists"): the field is a group of one
 * field, the element, or, as older writers have it, the element itself. Maps are lists of keys with values.
 */
final class StructConverter extends GroupConverter {
    private final Converter[] fields;
    private final Consumer<Map<String, @Nullable Object>> done;
    private Map<String, @Nullable Object> struct = new LinkedHashMap<>();

    StructConverter(GroupType type, Consumer<Map<String, @Nullable Object>> done) {
        this.done = done;
        this.fields = new Converter[type.getFieldCount()];
        for (int i = 0; i < fields.length; i++) {
            Type field = type.getType(i);
            String name = field.getName();
            fields[i] = field.isRepetition(Type.Repetition.REPEATED)
                    ? converter(field, value -> appended(name, value))
                    : converter(field, value -> struct.put(name, value));
        }
    }

    /** A repeated field that stands in no list is one. */
    @SuppressWarnings("unchecked")
    private void appended(String name, Object value) {
        ((List<Object>) struct.computeIfAbsent(name, unused -> new ArrayList<>())).add(value);
    }

    /** A converter of one value of a field, whatever its repetition. */
    static Converter converter(Type type, Consumer<Object> done) {
        if (type.isPrimitive()) {
            return new ValueConverter(type.asPrimitiveType(), done);
        }
        GroupType group = type.asGroupType();
        LogicalTypeAnnotation annotation = group.getLogicalTypeAnnotation();
        boolean collection = group.getFieldCount() == 1 && group.getType(0).isRepetition(Type.Repetition.REPEATED);
        if (collection && LogicalTypeAnnotation.listType().equals(annotation)) {
            return new ListConverter(group, done);
        }
        if (collection && annotation instanceof LogicalTypeAnnotation.MapLogicalTypeAnnotation) {
            return new MapConverter(group.getType(0).asGroupType(), done);
        }
        return new StructConverter(group, done::accept);
    }

    @Override
    public Converter getConverter(int field) {
        return fields[field];
    }

    @Override
    public void start() {
        struct = new LinkedHashMap<>();
    }

    @Override
    public void end() {
        done.accept(struct);
    }
}
