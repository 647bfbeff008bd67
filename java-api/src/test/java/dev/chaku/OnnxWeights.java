package dev.chaku;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The weights of an ONNX file, which is a protocol buffer: initializers by name, and those that an export has turned
 * under the name of the product that reads them, turned back.
 */
final class OnnxWeights {
    private static final int GRAPH = 7;
    private static final int NODE = 1;
    private static final int INITIALIZER = 5;
    private static final int FLOAT = 1;

    /** @param bytes little-endian float32 */
    record Tensor(List<Long> shape, ByteBuffer bytes) {
        Tensor turned() {
            int rows = shape.get(0).intValue();
            int columns = shape.get(1).intValue();
            ByteBuffer to = ByteBuffer.allocate(bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
            for (int c = 0; c < columns; c++) {
                for (int r = 0; r < rows; r++) {
                    to.putFloat(bytes.getFloat(bytes.position() + (r * columns + c) * Float.BYTES));
                }
            }
            return new Tensor(List.of((long) columns, (long) rows), to.flip());
        }
    }

    private final ByteBuffer file;
    private final Map<String, Tensor> initializers = new TreeMap<>();
    private final Map<String, String> products = new LinkedHashMap<>();

    private OnnxWeights(byte[] bytes) {
        file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        fields(0, bytes.length, (field, from, to) -> {
            if (field == GRAPH) {
                fields((int) from, (int) to, this::part);
            }
        });
    }

    /** Tensors by the names that the model's classes give them; those that are no floats are left out. */
    static Map<String, Tensor> read(byte[] bytes) {
        OnnxWeights weights = new OnnxWeights(bytes);
        Map<String, Tensor> all = new TreeMap<>();
        weights.initializers.forEach((name, tensor) -> {
            String product = weights.products.get(name);
            if (product != null && !name.contains(".")) {
                all.put(product.substring(1).replace('/', '.').replaceFirst("MatMul$", "weight"), tensor.turned());
            } else {
                all.put(name, tensor);
            }
        });
        return all;
    }

    /** Writes them as safetensors. */
    static void write(Map<String, Tensor> tensors, Path to) throws IOException {
        long[] at = {0};
        String header = tensors.entrySet().stream()
                .map(entry -> {
                    long from = at[0];
                    at[0] += entry.getValue().bytes().remaining();
                    return String.format(
                            "\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
                            entry.getKey(), entry.getValue().shape(), from, at[0]);
                })
                .collect(Collectors.joining(",", "{", "}"));
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = Files.newOutputStream(to)) {
            out.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length)
                    .array());
            out.write(json);
            for (Tensor tensor : tensors.values()) {
                ByteArrayOutputStream whole =
                        new ByteArrayOutputStream(tensor.bytes().remaining());
                byte[] bytes = new byte[tensor.bytes().remaining()];
                tensor.bytes().duplicate().get(bytes);
                whole.writeBytes(bytes);
                whole.writeTo(out);
            }
        }
    }

    private void part(int field, long from, long to) {
        if (field == INITIALIZER) {
            initializer((int) from, (int) to);
        } else if (field == NODE) {
            List<String> inputs = new ArrayList<>();
            String[] nameAndKind = {"", ""};
            fields((int) from, (int) to, (of, begin, end) -> {
                if (of == 1) {
                    inputs.add(text(begin, end));
                } else if (of == 3 || of == 4) {
                    nameAndKind[of - 3] = text(begin, end);
                }
            });
            if (nameAndKind[1].equals("MatMul")) {
                products.put(inputs.get(1), nameAndKind[0]);
            }
        }
    }

    private void initializer(int from, int to) {
        List<Long> shape = new ArrayList<>();
        String[] name = {""};
        long[] kindFromTo = {0, 0, 0};
        fields(from, to, (field, begin, end) -> {
            switch (field) {
                case 1 -> shape.add(begin);
                case 2 -> kindFromTo[0] = begin;
                case 8 -> name[0] = text(begin, end);
                case 9 -> {
                    kindFromTo[1] = begin;
                    kindFromTo[2] = end;
                }
                default -> {}
            }
        });
        if (kindFromTo[0] == FLOAT) {
            ByteBuffer bytes = file.slice((int) kindFromTo[1], (int) (kindFromTo[2] - kindFromTo[1]))
                    .order(ByteOrder.LITTLE_ENDIAN);
            initializers.put(name[0], new Tensor(shape, bytes));
        }
    }

    private String text(long from, long to) {
        return new String(file.array(), (int) from, (int) (to - from), StandardCharsets.UTF_8);
    }

    /** Told a field's number, and where its bytes begin and end, or as the first its value. */
    private interface Field {
        void found(int number, long from, long to);
    }

    private void fields(int from, int to, Field told) {
        long[] at = {from};
        while (at[0] < to) {
            long key = varint(at);
            int number = (int) (key >>> 3);
            switch ((int) (key & 7)) {
                case 0 -> told.found(number, varint(at), 0);
                case 1 -> at[0] += Long.BYTES;
                case 5 -> at[0] += Integer.BYTES;
                case 2 -> {
                    long length = varint(at);
                    told.found(number, at[0], at[0] + length);
                    at[0] += length;
                }
                default -> throw new IllegalStateException("no protocol buffer at " + at[0]);
            }
        }
    }

    private long varint(long[] at) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = file.get((int) at[0]++);
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
