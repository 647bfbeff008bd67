package dev.chaku.internal.arch;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import java.util.List;
import java.util.stream.Collectors;

/** The known model families. */
public final class ModelFamilies {
    private static final List<ModelFamily> ALL = List.of(
            new LlamaFamily(),
            new Qwen2Family(),
            new Qwen3Family(),
            new Qwen2MoeFamily(),
            new Qwen3MoeFamily(),
            new GptOssFamily(),
            new Mistral3Family(),
            new GemmaFamily(),
            new Gemma2Family(),
            new Gemma3Family(),
            new Phi3Family(),
            new SmolLm3Family(),
            new GraniteFamily(),
            new Olmo2Family(),
            new StableLmFamily(),
            new StarCoder2Family(),
            new Gpt2Family(),
            new FalconFamily(),
            new Phi2Family(),
            new GptNeoxFamily(),
            new MptFamily(),
            new BloomFamily(),
            new CommandRFamily(),
            new Cohere2Family(),
            new Glm4Family(),
            new Exaone4Family(),
            new HunyuanFamily(),
            new SeedOssFamily(),
            new Lfm2Family(),
            new Qwen35Family(),
            new Qwen3NextFamily());

    private ModelFamilies() {}

    /** Names of the known architectures. */
    public static List<String> architectures() {
        return ALL.stream().map(ModelFamily::architecture).toList();
    }

    /**
     * Describes the decoder in a file.
     *
     * @throws BadInputException if the file holds no model of a known family, or see {@link ModelFamily#map}
     */
    public static DecoderSpec map(GgufFile file) {
        GgufMetadata metadata = file.metadata();
        String type = metadata.findString("general.type").orElse("model");
        if (!type.equals("model")) {
            throw new BadInputException(file.path() + ": expected general.type model, found " + type);
        }
        String architecture = metadata.requireString("general.architecture");
        return ALL.stream()
                .filter(family -> family.architecture().equals(architecture))
                .findFirst()
                .orElseThrow(() -> new BadInputException(file.path() + ": unknown architecture " + architecture
                        + "; known are " + architectures().stream().collect(Collectors.joining(", "))))
                .map(file);
    }
}
