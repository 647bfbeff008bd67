package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelNewCommandTest {
    @TempDir
    Path folder;

    @Test
    void writesAModelThatAnswers() throws IOException {
        Path config = Files.writeString(
                folder.resolve("config.json"),
                "{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 32, \"intermediate_size\": 64, \"num_hidden_layers\": 1,"
                        + " \"num_attention_heads\": 2, \"max_position_embeddings\": 64, \"rms_norm_eps\": 1e-5, \"vocab_size\": 7}");
        Path out = folder.resolve("new.gguf");
        Cli.Ran ran = Cli.run(
                "model", "new", out, "--config", config, "--tokenizer", Cli.base(folder), "--type", "bf16", "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals("llama", ran.json().get("architecture").asText());
        assertEquals(
                0,
                Cli.run("generate", "--model", out, "--prompt", "The", "--max-tokens", 2)
                        .code());
        assertEquals(3, Cli.run("model", "new", out, "--config", config).code());
        assertEquals(2, Cli.run("model", "new", folder.resolve("x.gguf")).code());
        assertEquals(
                2,
                Cli.run("model", "new", folder.resolve("x.gguf"), "--shape", "a", "--config", config)
                        .code());
        assertTrue(Cli.run("model", "new", "--help").out().contains("  chaku model new"));
    }
}
