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
    private static final String INDEX = "model.safetensors.index.json";

    private final Path folder;
    private final Map<String, Safetensors> byName = new LinkedHashMap<>();
    private final TurnedRows.Kept kept = new TurnedRows.Kept();

    private SafetensorsFolder(Path folder) {
        this.folder = folder;
    }

    /** @throws BadInputException if files are missing or damaged, or contradict the index */
    public static SafetensorsFolder read(Path folder) {
        SafetensorsFolder result = new SafetensorsFolder(folder);
        Path single = folder.resolve("model.safetensors");
        Path index = folder.resolve(INDEX);
        if (Files.exists(index)) {
            result.readIndexed(JsonFile.read(index));
        } else if (Files.exists(single)) {
            Safetensors file = Safetensors.read(single);
            file.tensors().keySet().forEach(name -> result.byName.put(name, file));
        } else {
            boolean pickled = Files.exists(folder.resolve("pytorch_model.bin"))
                    || Files.exists(folder.resolve("pytorch_model.bin.index.json"));
            String other = pickled
                    ? "pytorch_model.bin alone, which holds a program beside the numbers and is not read; open the model with Python's "
                            + "transformers and save it with save_pretrained(FOLDER, safe_serialization=True)"
                    : "neither";
            throw new BadInputException(folder + ": expected model.safetensors or " + INDEX + ", found " + other);
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
                throw new BadInputException(file.path() + ": expected the tensor '" + name + "', which " + INDEX
                        + " places here, found none of that name");
            }
            byName.put(name, file);
        });
    }

    private Safetensors shard(String name) {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            throw new BadInputException(
                    file + ": expected this part of the model, which " + INDEX + " names, found none");
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

    /** Fills the rest of a direct buffer with numbers of a tensor, from an element on. */
    public void read(String name, long fromElement, FloatBuffer target, Scratch scratch) {
        byName.get(resolve(name)).read(resolve(name), fromElement, target, scratch::bytes);
    }

    /** Fills the rest of a buffer with bytes of a tensor, from a byte on. */
    public void readBytes(String name, long fromByte, ByteBuffer target) {
        byName.get(resolve(name)).readBytes(resolve(name), fromByte, target);
    }
}
