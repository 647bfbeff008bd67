package dev.chaku.parquet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.ColumnMap;
import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.errors.BadInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ParquetRecordSourceTest {
    private static final MessageType PAIRS = MessageTypeParser.parseMessageType(
            "message m { optional binary question (STRING); optional binary reply (STRING); optional double score; }");
    private static final MessageType CHATS = MessageTypeParser.parseMessageType(
            "message m { optional group messages (LIST) { repeated group list { optional group element {"
                    + " optional binary role (STRING); optional binary content (STRING); optional binary name (STRING);"
                    + " optional group tool_calls (LIST) { repeated group list { optional group element {"
                    + " optional group function { optional binary name (STRING); optional binary arguments (STRING); } } } }"
                    + " } } } }");

    @TempDir
    private Path folder;

    private Path write(MessageType schema, CompressionCodecName codec, List<Group> rows) throws IOException {
        Path file = folder.resolve("data-" + codec + ".parquet");
        ExampleParquetWriter.Builder builder = ExampleParquetWriter.builder(new LocalOutputFile(file))
                .withType(schema)
                .withCompressionCodec(codec)
                .withRowGroupSize(1L << 12);
        if (codec == CompressionCodecName.GZIP) {
            builder.withCodecFactory(new GzipWriting());
        }
        try (ParquetWriter<Group> writer = builder.build()) {
            for (Group row : rows) {
                writer.write(row);
            }
        }
        return file;
    }

    /** Parquet's own gzip would come from Hadoop. */
    private static final class GzipWriting implements CompressionCodecFactory {
        @Override
        public BytesInputCompressor getCompressor(CompressionCodecName name) {
            return new BytesInputCompressor() {
                @Override
                public BytesInput compress(BytesInput bytes) throws IOException {
                    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
                    try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
                        bytes.writeAllTo(out);
                    }
                    return BytesInput.from(compressed.toByteArray());
                }

                @Override
                public CompressionCodecName getCodecName() {
                    return CompressionCodecName.GZIP;
                }

                @Override
                public void release() {}
            };
        }

        @Override
        public BytesInputDecompressor getDecompressor(CompressionCodecName name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void release() {}
    }

    private static List<Group> pairs(int n) {
        List<Group> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            SimpleGroup row = new SimpleGroup(PAIRS);
            row.add("question", "What is " + i + "?");
            row.add("reply", "It is " + i + ", 数 \uD83E\uDD99.");
            rows.add(row);
        }
        return rows;
    }

    private List<Map<String, Object>> read(Path file) throws IOException {
        List<Map<String, Object>> records = new ArrayList<>();
        new ParquetRecordSource().read(file, records::add);
        return records;
    }

    @ParameterizedTest
    @EnumSource(
            value = CompressionCodecName.class,
            names = {"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4_RAW"})
    void aDataSetReadsFlatFilesOfEveryCompression(CompressionCodecName codec) throws IOException {
        Path file = write(PAIRS, codec, pairs(2000));
        Dataset data = Dataset.read(
                List.of(file),
                Dataset.Options.defaults().withColumns(ColumnMap.parse("prompt=question,completion=reply")));
        assertEquals(2000, data.examples().size());
        assertEquals(
                new Example.PromptCompletion(file + ":1235", "What is 1234?", "It is 1234, 数 \uD83E\uDD99."),
                data.examples().get(1234));
    }

    @Test
    void listsOfStructsAreConversations() throws IOException {
        SimpleGroup row = new SimpleGroup(CHATS);
        Group messages = row.addGroup("messages");
        Group user = messages.addGroup("list").addGroup("element");
        user.append("role", "user").append("content", "What time is it?");
        Group assistant = messages.addGroup("list").addGroup("element");
        assistant.append("role", "assistant");
        Group function = assistant
                .addGroup("tool_calls")
                .addGroup("list")
                .addGroup("element")
                .addGroup("function");
        function.append("name", "clock").append("arguments", "{\"zone\": \"UTC\"}");
        Example.Chat chat = (Example.Chat) Dataset.read(write(CHATS, CompressionCodecName.ZSTD, List.of(row)))
                .examples()
                .get(0);
        assertEquals(
                Map.of("role", "user", "content", "What time is it?"),
                chat.messages().get(0));
        assertEquals(
                List.of(Map.of("function", Map.of("name", "clock", "arguments", Map.of("zone", "UTC")))),
                chat.messages().get(1).get("tool_calls"));
        assertEquals("", chat.messages().get(1).get("content"));
        assertEquals(List.of(0f, 1f), chat.weights());
    }

    /** Flags, a column of another format and descriptions of tools in which every struct has the fields of all. */
    @Test
    void nullIsAbsentAndFlagsCount() throws IOException {
        MessageType schema = MessageTypeParser.parseMessageType(
                "message m { optional binary prompt (STRING); optional binary chosen (STRING); optional group messages (LIST) {"
                        + " repeated group list { optional group element { optional binary role (STRING); optional binary content"
                        + " (STRING); optional boolean train; optional double weight; optional group tool_calls (LIST) { repeated group"
                        + " list { optional group element { optional binary name (STRING); } } } } } }"
                        + " optional group tools (LIST) { repeated group list { optional group element { optional binary name (STRING);"
                        + " optional group extra (MAP) { repeated group key_value { required binary key (STRING);"
                        + " optional binary value (STRING); } } } } } }");
        SimpleGroup row = new SimpleGroup(schema);
        Group messages = row.addGroup("messages");
        messages.addGroup("list").addGroup("element").append("role", "user").append("content", "Hi");
        messages.addGroup("list")
                .addGroup("element")
                .append("role", "assistant")
                .append("content", "bad")
                .append("train", false);
        messages.addGroup("list")
                .addGroup("element")
                .append("role", "assistant")
                .append("content", "good")
                .append("weight", 1.0);
        Group tool = row.addGroup("tools").addGroup("list").addGroup("element").append("name", "f");
        tool.addGroup("extra").addGroup("key_value").append("key", "unset");
        Example.Chat chat = (Example.Chat) Dataset.read(write(schema, CompressionCodecName.SNAPPY, List.of(row)))
                .examples()
                .get(0);
        assertEquals(List.of(0f, 0f, 1f), chat.weights());
        assertEquals(
                Map.of("role", "assistant", "content", "bad"), chat.messages().get(1));
        assertEquals(
                List.of(Map.of("type", "function", "function", Map.of("name", "f", "extra", Map.of()))), chat.tools());
    }

    @Test
    void valuesKeepTheirKind() throws IOException {
        MessageType schema = MessageTypeParser.parseMessageType(
                "message m { required int32 small; required int64 large; optional int64 unsigned (INTEGER(64,false));"
                        + " required boolean yes; required float f; optional int32 cents (DECIMAL(9,2)); optional binary bytes;"
                        + " optional binary plain; optional double none; repeated binary old (STRING);"
                        + " optional group ids (LIST) { repeated group list { optional int64 element; } }"
                        + " optional group tags (MAP) { repeated group key_value { required binary key (STRING);"
                        + " optional int32 value; } } }");
        SimpleGroup row = new SimpleGroup(schema);
        row.append("small", -7)
                .append("large", 1L << 40)
                .append("unsigned", -1L)
                .append("yes", true)
                .append("f", 0.5f);
        row.append("cents", 1999).append("old", "a").append("old", "b");
        row.add("bytes", Binary.fromConstantByteArray(new byte[] {(byte) 0xFF, (byte) 0xD8}));
        row.add("plain", Binary.fromString("text"));
        Group ids = row.addGroup("ids");
        ids.addGroup("list").add("element", 3L);
        ids.addGroup("list");
        row.addGroup("tags").addGroup("key_value").append("key", "k").append("value", 5);
        Map<String, Object> read = read(write(schema, CompressionCodecName.UNCOMPRESSED, List.of(row)))
                .get(0);
        assertEquals(-7L, read.get("small"));
        assertEquals(1L << 40, read.get("large"));
        assertEquals("18446744073709551615", read.get("unsigned").toString());
        assertEquals(true, read.get("yes"));
        assertEquals(0.5, read.get("f"));
        assertEquals(19.99, read.get("cents"));
        assertEquals("text", read.get("plain"));
        assertEquals(List.of("a", "b"), read.get("old"));
        assertEquals(Arrays.asList(3L, null), read.get("ids"));
        assertEquals(Map.of("k", 5L), read.get("tags"));
        assertTrue(!read.containsKey("bytes") && !read.containsKey("none"), read.toString());
    }

    /** Lists as older writers have them: the repeated field is the element. */
    @Test
    void listsOfTwoLevelsAreLists() throws IOException {
        MessageType schema =
                MessageTypeParser.parseMessageType("message m { optional group a (LIST) { repeated int64 element; }"
                        + " optional group b (LIST) { repeated group array { required int64 x; } }"
                        + " optional group c (LIST) { repeated group pair { required int64 x; required int64 y; } } }");
        SimpleGroup row = new SimpleGroup(schema);
        row.addGroup("a").append("element", 1L).append("element", 2L);
        row.addGroup("b").addGroup("array").append("x", 3L);
        row.addGroup("c").addGroup("pair").append("x", 4L).append("y", 5L);
        assertEquals(
                Map.of("a", List.of(1L, 2L), "b", List.of(Map.of("x", 3L)), "c", List.of(Map.of("x", 4L, "y", 5L))),
                read(write(schema, CompressionCodecName.UNCOMPRESSED, List.of(row)))
                        .get(0));
    }

    @Test
    void aDamagedFileIsOneClearError() throws IOException {
        byte[] whole = Files.readAllBytes(write(PAIRS, CompressionCodecName.SNAPPY, pairs(500)));
        for (int length : new int[] {4, 11, whole.length / 2, whole.length - 1}) {
            Path cut = Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(whole, length));
            String message = assertThrows(BadInputException.class, () -> Dataset.read(cut))
                    .getMessage();
            assertTrue(message.startsWith(cut + ": cannot be read: no whole Parquet file: "), message);
        }
        byte[] altered = whole.clone();
        Arrays.fill(altered, 40, 400, (byte) 0x5A);
        Path file = Files.write(folder.resolve("altered.parquet"), altered);
        assertTrue(assertThrows(BadInputException.class, () -> Dataset.read(file))
                .getMessage()
                .startsWith(file.toString()));
    }
}
