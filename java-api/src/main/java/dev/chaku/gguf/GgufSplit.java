package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Cuts a model into parts, as llama.cpp's {@code gguf-split} does: tensors stay whole and in their order, and the first
 * part has the metadata. Every part also carries a fingerprint of the whole, over the metadata, the descriptors of all
 * tensors and the first bytes of each, so that a part of another model of the same shape is noticed.
 */
public final class GgufSplit {
    private static final int SAMPLED_BYTES = 4096;
    private static final int FINGERPRINT_DIGITS = 32;

    private final GgufFile model;
    private final long maxBytes;
    private final int maxTensors;

    /**
     * @param model the file, which may be split already
     * @param maxBytes of a part's file, which holds one tensor at least
     * @param maxTensors of a part
     */
    public GgufSplit(GgufFile model, long maxBytes, int maxTensors) {
        this.model = model;
        this.maxBytes = maxBytes;
        this.maxTensors = maxTensors;
    }

    /**
     * One part to be.
     *
     * @param bytes size of its file
     */
    public record Part(Path path, List<GgufTensor> tensors, long bytes) {}

    /**
     * {@return what would be written}
     *
     * @param prefix path and beginning of the name of each part
     * @throws BadInputException if there were more parts than their keys can count
     */
    public List<Part> plan(Path prefix) {
        List<List<GgufTensor>> cut = cut();
        if (cut.size() > GgufParts.MOST_PARTS) {
            throw new BadInputException(model.path() + ": expected at most " + GgufParts.MOST_PARTS + " parts, found "
                    + cut.size() + "; allow larger ones");
        }
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < cut.size(); i++) {
            Path path = prefix.resolveSibling(GgufParts.name(String.valueOf(prefix.getFileName()), i, cut.size()));
            GgufWriter sized = head(path, i, cut.size(), "0".repeat(FINGERPRINT_DIGITS));
            cut.get(i).forEach(tensor -> sized.tensor(tensor.name(), tensor.type(), tensor.dims(), out -> {}));
            parts.add(new Part(path, List.copyOf(cut.get(i)), sized.fileBytes()));
        }
        return parts;
    }

    /**
     * {@return writers of the parts of a plan, for {@link GgufWriter#writeAll}}
     *
     * @param plan the parts
     * @param watched what to put around the source of a tensor's data, to see them written
     */
    public List<GgufWriter> writers(
            List<Part> plan, BiFunction<GgufTensor, GgufWriter.TensorSource, GgufWriter.TensorSource> watched) {
        String fingerprint = fingerprint();
        List<GgufWriter> writers = new ArrayList<>();
        for (int i = 0; i < plan.size(); i++) {
            GgufWriter writer = head(plan.get(i).path(), i, plan.size(), fingerprint);
            for (GgufTensor tensor : plan.get(i).tensors()) {
                writer.tensor(tensor.name(), tensor.type(), tensor.dims(), watched.apply(tensor, model.copyOf(tensor)));
            }
            writers.add(writer);
        }
        return writers;
    }

    private GgufWriter head(Path path, int index, int count, String fingerprint) {
        GgufWriter writer = GgufWriter.to(path);
        if (index == 0) {
            writer.putAll(model.metadata());
        } else {
            model.metadata()
                    .find(GgufParser.ALIGNMENT_KEY)
                    .ifPresent(value -> writer.put(GgufParser.ALIGNMENT_KEY, value));
        }
        return writer.put(GgufParts.NUMBER, new GgufValue.Int(GgufValueType.UINT16, index))
                .put(GgufParts.COUNT, new GgufValue.Int(GgufValueType.UINT16, count))
                .put(GgufParts.TENSORS, GgufValue.ofInt32(model.tensors().size()))
                .put(GgufParts.FINGERPRINT, fingerprint);
    }

    private List<List<GgufTensor>> cut() {
        List<List<GgufTensor>> parts = new ArrayList<>();
        List<GgufTensor> part = new ArrayList<>();
        long head = headBytes(0);
        long data = 0;
        for (GgufTensor tensor : model.tensors()) {
            long description = GgufWriter.descriptorBytes(tensor.name(), tensor.rank());
            long bytes = GgufParser.roundUp(tensor.bytes(), model.alignment());
            long whole = GgufParser.roundUp(head + description, model.alignment()) + data + bytes;
            if (!part.isEmpty() && (part.size() == maxTensors || whole > maxBytes)) {
                parts.add(part);
                part = new ArrayList<>();
                head = headBytes(parts.size());
                data = 0;
            }
            part.add(tensor);
            head += description;
            data += bytes;
        }
        parts.add(part);
        return parts;
    }

    private long headBytes(int index) {
        return head(model.path(), index, GgufParts.MOST_PARTS, "0".repeat(FINGERPRINT_DIGITS))
                .headBytes();
    }

    private String fingerprint() {
        Sha256 sum = new Sha256();
        model.metadata().asMap().forEach((key, value) -> update(sum, key + "=" + value.describe()));
        for (GgufTensor tensor : model.tensors()) {
            update(sum, tensor.name() + " " + tensor.type() + " " + Arrays.toString(tensor.dims()));
            ByteBuffer sample = ByteBuffer.allocate((int) Math.min(SAMPLED_BYTES, tensor.bytes()));
            model.readTensor(tensor, 0, sample);
            sum.add(sample.flip());
        }
        return sum.hex().substring(0, FINGERPRINT_DIGITS);
    }

    private static void update(Sha256 sum, String line) {
        sum.add((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
