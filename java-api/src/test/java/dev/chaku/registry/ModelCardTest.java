package dev.chaku.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ModelCardTest {
    private static AdapterVersion version(Lineage lineage, Licences licences, String note) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("eval_loss", 1.25);
        metrics.put("steps", 1200.0);
        return new AdapterVersion(
                "support",
                3,
                Instant.parse("2026-05-01T10:00:00Z"),
                "ada",
                new VersionDescription(lineage, licences, metrics, note),
                new AdapterVersion.Standing(
                        VersionState.PRODUCTION,
                        List.of("yes", "stable"),
                        List.of(new Check("verify", true, Instant.parse("2026-05-02T10:00:00Z"), Map.of()))),
                "feed",
                1234,
                Path.of("support", "3"));
    }

    @Test
    void saysAllThatIsRecorded() {
        Lineage lineage = new Lineage(
                new Lineage.Base("Tiny: the 1st", "tiny base.gguf", "abc", "llama"),
                new Lineage.Data(List.of("a.jsonl", "b|c.jsonl"), "123", 2000, "", 0, 7),
                "def",
                "",
                Map.of("learning_rate", "1.0E-4"),
                "0.1",
                List.of(new Lineage.Parent("tone@1", "77", Optional.of(0.5))));
        String card = ModelCard.of(version(lineage, Licences.NONE.withBase("apache-2.0"), "Answers *politely*."));
        assertEquals("""
                ---
                base_model: "Tiny: the 1st"
                base_model_relation: adapter
                license: apache-2.0
                pipeline_tag: text-generation
                tags:
                - lora
                - gguf
                - chaku
                - stable
                - "yes"
                ---

                # support, version 3

                Answers \\*politely\\*.

                A LoRA adapter for Tiny: the 1st, production on the day that this card was written.

                ## Made of

                | | |
                | --- | --- |
                | Base | Tiny: the 1st |
                | Family | llama |
                | File of the base | tiny base.gguf |
                | SHA-256 of the base | abc |
                | Licence of the base | apache-2.0 |
                | Data | a.jsonl, b\\|c.jsonl |
                | Examples | 2,000 |
                | Conversations | 7 |
                | SHA-256 of the examples | 123 |
                | Licence of the data | unknown |
                | SHA-256 of the chat template | def |
                | Merged from | tone@1, weight 0.5, SHA-256 77 |
                | Made by | chaku 0.1 |
                | On | 2026-05-01T10:00:00Z |

                ## Results

                | metric | value |
                | --- | --- |
                | eval_loss | 1.25000 |
                | steps | 1,200 |

                | check | result | on |
                | --- | --- | --- |
                | verify | passed | 2026-05-02T10:00:00Z |

                ## Settings

                | setting | value |
                | --- | --- |
                | learning_rate | 1.0E-4 |

                ## File

                `adapter.gguf`, 1,234 bytes, SHA-256 `feed`

                ## Use

                ```
                chaku generate --model 'tiny base.gguf' --adapter adapter.gguf --prompt "Hello"
                ```
                """, card);
    }

    /** Texts of others do not end the YAML, nor begin a heading or a tag. */
    @Test
    void textsStayTexts() {
        Lineage lineage = new Lineage(
                new Lineage.Base("a\"\n---\nevil: yes", "", "", ""),
                new Lineage.Data(List.of(), "", 0, "", 0, 0),
                "",
                "",
                Map.of(),
                "",
                List.of());
        String card = ModelCard.of(version(lineage, new Licences("null", "unknown"), "<script>\n# no heading"));
        assertTrue(card.startsWith("---\nbase_model: \"a\\\" --- evil: yes\"\n"), card);
        assertTrue(card.contains("license: \"null\"\n"), card);
        assertTrue(card.contains("\\<script\\> # no heading"), card);
    }
}
