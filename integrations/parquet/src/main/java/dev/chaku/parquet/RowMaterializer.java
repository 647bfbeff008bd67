package dev.chaku.parquet;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/** Puts a row together from its columns. */
final class RowMaterializer extends RecordMaterializer<Map<String, @Nullable Object>> {
    private final StructConverter root;
    private Map<String, @Nullable Object> row = new LinkedHashMap<>();

    RowMaterializer(MessageType schema) {
        this.root = new StructConverter(schema, struct -> row = struct);
    }

    @Override
    public Map<String, @Nullable Object> getCurrentRecord() {
        return row;
    }

    @Override
    public GroupConverter getRootConverter() {
        return root;
    }
}
