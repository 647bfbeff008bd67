package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelQuantizeCommandTest {
    @TempDir
    Path folder;

    @Test
    void writesAModelAndSaysWhatItWrote() throws IOException {
        Path out = folder.resolve("out.gguf");
        Cli.Ran ran = Cli.run(
                "model",
                "quantize",
                Cli.base(folder),
                out,
                "--type",
                "Q4_0",
                "--tensor-type",
                "attn_v=q8_0",
                "--measure",
                "--allow-requantize",
                "--json");
        assertEquals(0, ran.code(), ran.err());
        JsonNode result = ran.json();
        assertEquals("q4_0", result.get("type").asText());
        assertEquals(Files.size(out), result.get("file_bytes").asLong());
        assertTrue(
                result.get("bytes_after").asLong() < result.get("bytes_before").asLong());
        assertTrue(result.get("bits_per_weight").asDouble() < 6, result.toString());
        assertTrue(result.get("relative_rmse").asDouble() > 0.01, result.toString());
        assertTrue(result.get("types").get("Q4_0").get("tensors").asInt() > 4, result.toString());
        assertTrue(ran.err().contains("%"), ran.err());
        Cli.Ran answer = Cli.run("generate", "--model", out, "--prompt", "The cow", "--max-tokens", 4, "--json");
        assertEquals(0, answer.code(), answer.err());
    }

    @Test
    void helpHasExamples() {
        Cli.Ran ran = Cli.run("model", "quantize", "--help");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().contains("  chaku model quantize base.gguf"), ran.out());
    }

    @Test
    void aDryRunListsTensorsAndWritesNothing() throws IOException {
        Cli.Ran ran = Cli.run(
                "model", "quantize", Cli.base(folder), "--type", "q3_k_m", "--allow-requantize", "--dry-run", "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(38, ran.json().get("tensors").size());
        Cli.Ran text =
                Cli.run("model", "quantize", Cli.base(folder), "--type", "q3_k_m", "--allow-requantize", "--dry-run");
        assertTrue(text.out().contains("blk.3.ffn_down.weight") && text.out().contains("bits per weight"), text.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | expected OUT | model quantize BASE --type q8_0",
                "2 | --type | model quantize BASE OUT",
                "2 | expected no OUT | model quantize BASE OUT --type q8_0 --dry-run",
                "2 | REGEX=TYPE | model quantize BASE OUT --type q8_0 --tensor-type q8_0",
                "2 | unknown weight format q9 | model quantize BASE OUT --type q9",
                "2 | unknown tensor type q9 | model quantize BASE OUT --type q8_0 --output-tensor-type q9",
                "2 | --output-tensor-type: expected one of F32, F16, | model quantize BASE OUT --type q8_0 --output-tensor-type iq1_s",
                "2 | no regular expression | model quantize BASE OUT --type q8_0 --tensor-type (=f16",
                "2 | --tensor-type: expected an expression that is found in the name of a matrix | model quantize BASE OUT --type q8_0 --tensor-type nothing=f16 --allow-requantize",
                "2 | --tensor-type: expected an expression | model quantize BASE OUT --type q8_0 --tensor-type attn=f16 --tensor-type attn_v=f16 --allow-requantize",
                "2 | --threads: expected 0 to 1024, found -1 | model quantize BASE OUT --type q8_0 --threads -1",
                "2 | --measure has no effect beside --dry-run | model quantize BASE --type q8_0 --dry-run --measure",
                "3 | found no such file | model quantize none.gguf OUT --type q8_0",
                "3 | expected an importance matrix | model quantize BASE OUT --type q8_0 --imatrix BASE",
                "3 | is Q8_0 already | model quantize Q8 OUT --type q4_0",
                "3 | expected a folder to write the file to, found none | model quantize BASE OUT/none/x.gguf --type f32 --allow-requantize"
            })
    void aMistakeIsOneClearLine(int code, String expected, String line) throws IOException {
        Path out = folder.resolve("out.gguf");
        Path eight = folder.resolve("eight.gguf");
        Cli.run("model", "quantize", Cli.base(folder), eight, "--type", "q8_0", "--allow-requantize", "--pure");
        String text = line.replace("BASE", Cli.base(folder).toString())
                .replace("OUT", out.toString())
                .replace("Q8", eight.toString());
        Cli.Ran ran = Cli.run((Object[]) text.split(" "));
        assertEquals(code, ran.code(), ran.err());
        assertTrue(ran.err().contains(expected), ran.err());
        assertEquals(1, ran.err().strip().lines().count(), ran.err());
        assertEquals("", ran.out());
        assertFalse(Files.exists(out));
    }
}
