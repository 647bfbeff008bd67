package dev.chaku.parquet;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.schema.GroupType;
import org.jspecify.annotations.Nullable;

/** A map's group as a map, its keys as strings. */
final class MapConverter extends GroupConverter {
    private final StructConverter entry;
    private final Consumer<Object> done;
    private Map<String, @Nullable Object> map = new LinkedHashMap<>();

    /** @param keyValue the repeated group of a key and a value, in that order */
    MapConverter(GroupType keyValue, Consumer<Object> done) {
        this.done = done;
        String key = keyValue.getFieldName(0);
        String value = keyValue.getFieldCount() > 1 ? keyValue.getFieldName(1) : key;
        this.entry = new StructConverter(keyValue, pair -> map.put(String.valueOf(pair.get(key)), pair.get(value)));
    }

    @Override
    public Converter getConverter(int field) {
        return entry;
    }

    @Override
    public void start() {
        map = new LinkedHashMap<>();
    }

    @Override
    public void end() {
        done.accept(map);
    }
}
