package dev.chaku.internal.arch.family;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The known model families: a new one is registered by a line here. */
public final class ModelFamilies {
    private static final List<Family> ALL = List.of(
            new Llama(),
            new Qwen2(),
            new Qwen3(),
            new Qwen2Moe(),
            new Qwen3Moe(),
            new GptOss(),
            new Mistral3(),
            new Gemma(),
            new Gemma2(),
            new Gemma3(),
            new Gemma4(),
            new Phi3(),
            new SmolLm3(),
            new Granite(),
            new GraniteMoe(),
            new Olmo2(),
            new StableLm(),
            new StarCoder2(),
            new Gpt2(),
            new Falcon(),
            new Phi2(),
            new GptNeox(),
            new Mpt(),
            new Bloom(),
            new CommandR(),
            new Cohere2(),
            new Glm4(),
            new Exaone4(),
            new Hunyuan(),
            new SeedOss(),
            new Lfm2(),
            new Lfm2Moe(),
            new Qwen35(),
            new Qwen35Moe(),
            new Qwen3Next(),
            new DeepSeek2(),
            new Bert(),
            new NomicBert(),
            new JinaBert(),
            new ModernBert(),
            new GemmaEmbedding());

    private ModelFamilies() {}

    /** Names of the known architectures. */
    public static List<String> architectures() {
        return ALL.stream().map(Family::architecture).toList();
    }

    /**
     * Describes the decoder in a file.
     *
     * @throws BadInputException if the file holds no model of a known family, or see {@link Family#map}
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

    /** What Hugging Face calls the modules of an architecture; as llama's if it is not known. */
    public static ModuleNames modules(String architecture) {
        return ALL.stream()
                .filter(family -> family.architecture().equals(architecture))
                .findFirst()
                .map(Family::modules)
                .orElseGet(ModuleNames::llama);
    }

    /** Names under {@code architectures} in config.json that one of the known architectures has. */
    public static List<String> classes(String architecture) {
        return huggingFace()
                .filter(each -> each.architecture().equals(architecture))
                .flatMap(each -> each.names().stream())
                .toList();
    }

    /** Names under {@code architectures} in config.json that are known. */
    public static List<String> classes() {
        return huggingFace().flatMap(each -> each.names().stream()).toList();
    }

    /**
     * How the model of a configuration is stored.
     *
     * @throws BadInputException if no family has the class; the message lists those that are known
     */
    public static HuggingFaceClass huggingFace(ModelConfig config) {
        String name = config.architecture();
        return huggingFace()
                .filter(each -> each.names().contains(name))
                .findFirst()
                .orElseThrow(() -> config.error("architectures", "one of " + String.join(", ", classes()), name));
    }

    private static Stream<HuggingFaceClass> huggingFace() {
        return ALL.stream().flatMap(family -> family.huggingFace().stream());
    }
}
