package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.ReferenceData;
import dev.chaku.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which token a chat template ends an answer with, where neither key nor spelling says so. */
class TurnEndTest {
    private static final String LOOP =
            "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}{% else %}";
    private static final Pattern TAG =
            Pattern.compile("<[|\uff5c]?[^<>\\s'\"{}]+[|\uff5c]?>|\\[/?[A-Z_]+\\]|\\]~!?b?\\[|\\[e~\\[");

    private static String turnEnd(String template, Set<String> tags) {
        TinyVocabularies vocabulary = TinyVocabularies.bytePairs("qwen2")
                .tokens(TinyVocabularies.CONTROL, "<BOS>", "<EOS>")
                .tokens(TinyVocabularies.CONTROL, tags.toArray(String[]::new));
        Tokenizer tokenizer = vocabulary
                .put("bos_token_id", GgufValue.ofUint32(256))
                .put("eos_token_id", GgufValue.ofUint32(257))
                .template(template)
                .tokenizer();
        int id = Tokenizers.turnEnd(vocabulary.metadata()).orElse(-1);
        assertEquals(true, id < 0 || tokenizer.isEndOfGeneration(id));
        return id < 0 ? "none" : tokenizer.piece(id);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            value = {
                "{{ m.content }}<|fin|> => <|fin|>", "{{ m.content }}\\n<|fin|>\\n<EOS> => <|fin|>",
                        "{{ m.content }} => <|user|>",
                "{{ m.content }}<|close|>answer<|fin|> => <|fin|>", "{{ m.content }}<|close|><EOS> => none",
                        "{{ m.content }}{{ eos_token }} => none",
                "{{ m.content }}\\n### => none", "{{ m.content.nothing.more }} => none", "{{ => none"
            })
    void theTagAfterAnAnswerEndsIt(String answer, String expected) {
        String template = LOOP + answer + "{% endif %}{% endfor %}";
        Set<String> tags = new LinkedHashSet<>(List.of("<|user|>", "<|fin|>", "<|close|>"));
        assertEquals(expected, turnEnd(template.replace("\\n", "\n"), tags));
    }

    /**
     * The templates of other models; those that are not listed end answers with tokens that are known by their
     * spelling.
     */
    @Test
    void realTemplatesEndWithTheTokensOfTheirModels() throws IOException {
        TreeMap<String, String> found = new TreeMap<>();
        try (Stream<Path> files = Files.list(ReferenceData.require("templates"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".jinja")).toList()) {
                String template = Files.readString(file);
                Set<String> tags = new LinkedHashSet<>();
                Matcher matcher = TAG.matcher(template);
                while (matcher.find()) {
                    tags.add(matcher.group());
                }
                String end = turnEnd(template, tags);
                if (!end.equals("none")) {
                    found.put(file.getFileName().toString().replace(".jinja", ""), end);
                }
            }
        }
        assertEquals(
                "{Apertus-8B-Instruct=<|assistant_end|>, ByteDance-Seed-OSS=<seed:eos>, "
                        + "CohereForAI-c4ai-command-r-plus-tool_use=<|END_OF_TURN_TOKEN|>, "
                        + "CohereForAI-c4ai-command-r7b-12-2024-tool_use=<|END_RESPONSE|>, GLM-4.7-Flash=<|user|>, "
                        + "GigaChat3-10B-A1.8B=<|message_sep|>, Kimi-K3=<|end_of_msg|>, NVIDIA-Nemotron-Nano-v2=<SPECIAL_12>, "
                        + "Reka-Edge=<sep>, poolside-Laguna-XS-2.1=</assistant>, poolside-Laguna-XS.2=</assistant>}",
                found.toString());
    }
}
