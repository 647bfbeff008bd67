package dev.chaku.internal.train;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.io.CodeVersion;
import dev.chaku.internal.io.Json;
import dev.chaku.internal.io.Sha256;
import dev.chaku.train.Loss;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What decides a run's result: its settings, with the hashes of base, data and chat template. Written beside its
 * output, and compared when it is resumed. Not thread-safe.
 */
public final class RunDescription {

    /** What the run went on from, if it did: its name, and the SHA-256 of what it adds. */
    static final String START = "start_adapter";

    static final String START_HASH = "start_adapter_sha256";

    /** Settings that a run has only where they are told: one without is compared with one that has them. */
    private static final List<String> OPTIONAL = List.of(
            "layers",
            "target_patterns",
            "rank_pattern",
            "alpha_pattern",
            "merge_aware",
            "merge_aware_every",
            "neftune");

    private final TrainingSetup setup;
    private @Nullable String baseHash;
    private @Nullable String startHash;
    private @Nullable Map<String, String> hashes;

    public RunDescription(TrainingSetup setup) {
        this.setup = setup;
    }

    /** What decides the result's bits, by name, as it is compared and shown. */
    public Map<String, String> decisive() {
        Map<String, String> shown = new LinkedHashMap<>();
        // Base and data first: some settings follow from them.
        shown.put("base_model_sha256", baseHash());
        shown.putAll(hashes());
        values(setup, true).forEach((name, value) -> shown.put(name, value.toString()));
        OPTIONAL.forEach(name -> shown.putIfAbsent(name, EarlierRun.NOT_SET));
        StartingAdapter start = setup.start();
        shown.put(START_HASH, start == null ? EarlierRun.NOT_SET : startHash(start));
        if (!setup.config().keeping().stopsEarly()) {
            shown.remove("validation_examples_sha256"); // Without early stopping the validations only tell.
        }
        return shown;
    }

    /** Examples are hashed as token ids and weights, which covers data, template and tokenizer. */
    private Map<String, String> hashes() {
        if (hashes == null) {
            hashes = new LinkedHashMap<>();
            if (!setup.data().template().isEmpty()) {
                hashes.put("chat_template_sha256", setup.data().template());
            }
            hashes.put("training_examples_sha256", setup.data().examples().sha256());
            hashes.put("validation_examples_sha256", setup.data().evalExamples().sha256());
            if (setup.config().loss().data() == Loss.Data.LABELLED) {
                hashes.put(
                        "labels_sha256",
                        new Sha256()
                                .add(setup.data().groups().wanted().toByteArray())
                                .hex());
            }
        }
        return hashes;
    }

    /** All settings as JSON. */
    public String json() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = Json.FACTORY.createGenerator(text).useDefaultPrettyPrinter()) {
            json.writeStartObject();
            Optional<Path> base = setup.model().path();
            json.writeStringField(
                    "base", base.map(path -> path.getFileName().toString()).orElse("synthetic"));
            Optional<String> name = setup.model().metadata().findString("general.name");
            if (name.isPresent()) {
                json.writeStringField("base_name", name.get());
            }
            if (setup.model().licence().isPresent()) {
                json.writeStringField("base_license", setup.model().licence().get());
            }
            json.writeStringField("base_model_sha256", baseHash());
            json.writeStringField("chaku_version", CodeVersion.current());
            for (Map.Entry<String, Object> entry : values(setup, false).entrySet()) {
                json.writeFieldName(entry.getKey());
                if (entry.getValue() instanceof Boolean flag) {
                    json.writeBoolean(flag);
                } else if (entry.getValue() instanceof Double number) {
                    json.writeNumber(number);
                } else if (entry.getValue() instanceof Number number) {
                    json.writeNumber(number.longValue());
                } else {
                    json.writeString(entry.getValue().toString());
                }
            }
            StartingAdapter start = setup.start();
            if (start != null) {
                json.writeStringField(START, start.name());
                json.writeStringField(START_HASH, startHash(start));
            }
            json.writeNumberField("examples", setup.data().size());
            json.writeNumberField(
                    "eval_examples",
                    setup.data().evalExamples().size() / setup.data().groups().together());
            json.writeNumberField("conversations", setup.data().counts().conversations());
            for (Map.Entry<String, String> hash : hashes().entrySet()) {
                json.writeStringField(hash.getKey(), hash.getValue());
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("JSON in memory failed", e);
        }
        return text + "\n";
    }

    /** What the run is told, each group in its own words; what does not decide the result only if asked for. */
    private static Map<String, Object> values(TrainingSetup setup, boolean decisiveOnly) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("architecture", setup.model().architecture());
        Stream.concat(
                        setup.method().settings().stream(),
                        setup.config().settings(setup.model().hasExperts()).stream())
                .filter(setting -> setting.decides() || !decisiveOnly)
                .forEach(setting -> values.put(setting.name(), setting.value()));
        return values;
    }

    /** Whether most examples came from conversations, so that the result answers such. */
    public boolean isOfConversations() {
        return 2L * setup.data().counts().conversations()
                > setup.data().examples().size();
    }

    /** Computed once: an adapter may be large. */
    private String startHash(StartingAdapter start) {
        if (startHash == null) {
            startHash = start.weights().contentHash();
        }
        return startHash;
    }

    /** The SHA-256 of the base's file, see {@link GgufFile#sha256}, computed once; a synthetic model's name. */
    public String baseHash() {
        if (baseHash == null) {
            baseHash = setup.model().file().map(GgufFile::sha256).orElseGet(() -> setup.model()
                    .metadata()
                    .source());
        }
        return baseHash;
    }
}
