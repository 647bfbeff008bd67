package dev.chaku.internal.huggingface;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.quantize.Scratch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The tensors of a model in one safetensors file or in several with an index. Thread-safe. */
public final class SafetensorsFolder {
    private static final String MODEL = "model";

    private final Path folder;
    private final String what;
    private final String index;
    private final Map<String, Safetensors> byName = new LinkedHashMap<>();
    private final TurnedRows.Kept kept = new TurnedRows.Kept();

    private SafetensorsFolder(Path folder, String stem) {
        this.folder = folder;
        this.what = stem.equals(MODEL) ? MODEL : "adapter";
        this.index = stem + ".safetensors.index.json";
    }

    /** @throws BadInputException if files are missing or damaged, or contradict the index */
    public static SafetensorsFolder read(Path folder) {
        return read(folder, MODEL, "pytorch_model.bin", "the model with Python's transformers");
    }

    /**
     * The tensors of an adapter.
     *
     * @param stem what files' names begin with
     * @throws BadInputException as {@link #read(Path)}
     */
    public static SafetensorsFolder readAdapter(Path folder, String stem) {
        return read(folder, stem, stem + ".bin", "the adapter with Python's peft");
    }

    private static SafetensorsFolder read(Path folder, String stem, String pickle, String opened) {
        SafetensorsFolder result = new SafetensorsFolder(folder, stem);
        Path single = folder.resolve(stem + ".safetensors");
        Path index = folder.resolve(result.index);
        if (Files.exists(index)) {
            result.readIndexed(JsonFile.read(index));
        } else if (Files.exists(single)) {
            Safetensors file = Safetensors.read(single);
            file.tensors().keySet().forEach(name -> result.byName.put(name, file));
        } else {
            boolean pickled =
                    Files.exists(folder.resolve(pickle)) || Files.exists(folder.resolve(pickle + ".index.json"));
            String other = pickled
                    ? pickle + " alone, which holds a program beside the numbers and is not read; open " + opened
                            + " and save it with save_pretrained(FOLDER, safe_serialization=True)"
                    : "neither";
            throw new BadInputException(
                    folder + ": expected " + stem + ".safetensors or " + result.index + ", found " + other);
        }
        return result;
    }

    private void readIndexed(JsonFile index) {
        Map<String, @Nullable Object> places = index.findObject("weight_map")
                .orElseThrow(() -> index.error("weight_map", "an object", null))
                .fields();
        Map<String, Safetensors> shards = new LinkedHashMap<>();
        places.forEach((name, value) -> {
            String shard = String.valueOf(value);
            if (!shard.equals(Path.of(shard).getFileName().toString()) || !shard.endsWith(".safetensors")) {
                throw index.error("weight_map." + name, "the name of a .safetensors file beside it", value);
            }
            Safetensors file = shards.computeIfAbsent(shard, this::shard);
            if (!file.tensors().containsKey(name)) {
                throw new BadInputException(file.path() + ": expected the tensor '" + name + "', which " + this.index
                        + " places here, found none of that name");
            }
            byName.put(name, file);
        });
    }

    private Safetensors shard(String name) {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            throw new BadInputException(
                    file + ": expected this part of the " + what + ", which " + index + " names, found none");
        }
        return Safetensors.read(file);
    }

    public Path path() {
        return folder;
    }

    public TurnedRows.Kept kept() {
        return kept;
    }

    /** Names in the files' order. */
    public Iterable<String> names() {
        return Collections.unmodifiableSet(byName.keySet());
    }

    public boolean has(String name) {
        return byName.containsKey(resolve(name));
    }

    /**
     * The name that the files have for a tensor: models without a head leave out its first part, those that see as well
     * put the language model's before it or after it.
     */
    public String resolve(String name) {
        String bare = name.replaceFirst("^(model|transformer)\\.", "");
        return Stream.of(name, bare, "language_model." + name, "model.language_model." + bare)
                .filter(byName::containsKey)
                .findFirst()
                .orElse(name);
    }

    /** The descriptor of a tensor. */
    public Safetensors.Tensor require(String name) {
        Safetensors file = byName.get(resolve(name));
        if (file == null) {
            throw new BadInputException(
                    folder + ": expected a tensor '" + name + "', found none of that name among " + byName.size());
        }
        return file.tensors().get(resolve(name));
    }

    /** Which file holds a tensor, for messages. */
    public Path fileOf(String name) {
        return byName.get(resolve(name)).path();
    }

    /** The file that holds a tensor of exactly this name, which is one of {@link #names}. */
    public Safetensors holding(String name) {
        return byName.get(name);
    }

    /** Fills the rest of a direct buffer with numbers of a tensor, from an element on. */
    public void read(String name, long fromElement, FloatBuffer target, Scratch scratch) {
        byName.get(resolve(name)).read(resolve(name), fromElement, target, scratch::bytes);
    }

    /** Fills the rest of a buffer with bytes of a tensor, from a byte on. */
    public void readBytes(String name, long fromByte, ByteBuffer target) {
        byName.get(resolve(name)).readBytes(resolve(name), fromByte, target);
    }
}
