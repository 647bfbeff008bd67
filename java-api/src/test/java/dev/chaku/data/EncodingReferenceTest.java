package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Published data sets through real vocabularies. */
class EncodingReferenceTest {
  private static Tokenizer tokenizer(String name) {
    return Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/" + name + ".gguf")));
  }

  private static List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(ReferenceData.require("datasets"))) {
      return all.filter(Files::isRegularFile)
          .filter(file -> !file.toString().matches(".*(LICENSE|prompts\\.csv|dataset_info\\.json|tokenized_llama2chat\\.json)"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt-2", "llama-spm", "phi-3", "deepseek-llm"})
  void everyDataSetIsReadEncodedAndPacked(String vocabulary) throws IOException {
    Tokenizer tokenizer = tokenizer(vocabulary);
    int max = 512;
    for (Path file : files()) {
      List<Example> examples = Dataset.read(file).examples();
      examples = examples.subList(0, Math.min(100, examples.size()));
      ExampleEncoder encoder =
          new ExampleEncoder(
              tokenizer,
              ChatRenderer.of(ChatTemplate.named("chatml", "", "")),
              new ExampleEncoder.Options(max, OverLong.SPLIT, false));
      List<EncodedExample> encoded = encoder.encode(examples);
      assertTrue(encoded.size() >= examples.size() - encoder.counts().unwanted(), file.toString());
      List<PackedRow> rows = new Packer(max, true, 1).pack(encoded);
      assertEquals(
          encoded.stream().mapToInt(EncodedExample::length).sum(), rows.stream().mapToInt(PackedRow::length).sum());
    }
  }

  /** Segments encoded apart give the tokens of the whole text, where the seam is no part of a word. */
  @ParameterizedTest
  @CsvSource({"llama-spm,llama2", "llama-spm,zephyr", "phi-3,phi3", "gpt-2,chatml"})
  void theSeamsOfAConversationAddNothing(String vocabulary, String template) {
    Tokenizer tokenizer = tokenizer(vocabulary);
    ChatRenderer renderer = ChatRenderer.of(ChatTemplate.named(template, "<s>", "</s>"));
    List<Map<String, Object>> messages =
        List.of(
            Map.of("role", "user", "content", "Who are you?"),
            Map.of("role", "assistant", "content", "A fox, and you?"),
            Map.of("role", "user", "content", "誰ですか"),
            Map.of("role", "assistant", "content", "Nobody knows."));
    EncodedExample encoded =
        new ExampleEncoder(tokenizer, renderer, new ExampleEncoder.Options(999, OverLong.ERROR, false))
            .encode(List.of(Example.Chat.of("f:1", messages, List.of())))
            .get(0);
    String text = renderer.render(messages, List.of(), false);
    boolean writesBos = tokenizer.bos().isPresent() && text.startsWith(tokenizer.piece(tokenizer.bos().getAsInt()));
    assertArrayEquals(tokenizer.encode(text, !writesBos, true), encoded.tokens());
  }

  @Test
  void aCompletionGoesOnWithoutASpaceThatNobodyWrote() {
    Tokenizer tokenizer = tokenizer("llama-spm");
    ExampleEncoder encoder = new ExampleEncoder(tokenizer, null, new ExampleEncoder.Options(99, OverLong.ERROR, false));
    List<Example> examples =
        List.of(new Example.PromptCompletion("f:1", "2+2=", "4"), new Example.PromptCompletion("f:2", "A:", " yes"));
    List<String> texts = new ArrayList<>();
    encoder.encode(examples).forEach(e -> texts.add(tokenizer.decode(e.tokens(), false).strip()));
    assertEquals(List.of("2+2=4", "A: yes"), texts);
  }
}
