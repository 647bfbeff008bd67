package dev.chaku;

import static dev.chaku.ReferenceJson.floats;
import static dev.chaku.ReferenceJson.ints;
import static dev.chaku.ReferenceJson.list;
import static dev.chaku.ReferenceJson.object;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ModelTest {
  private static final Set<String> ARCHITECTURES = Set.of("llama", "qwen2", "qwen3");

  /** Families other than those with the same general.architecture. */
  private static final Set<String> NOT_OURS = Set.of("mixtral");

  /** Logits of every small model of a family that we know, with weights in every format that the core has. */
  @TestFactory
  Stream<DynamicTest> givesTheLogitsOfTheReference() {
    Path folder = ReferenceData.require("parity/tiny");
    return list(ReferenceJson.read(folder.resolve("index.json"))).stream()
        .map(ReferenceJson::object)
        .filter(entry -> ARCHITECTURES.contains(entry.get("arch").toString()))
        .filter(entry -> !NOT_OURS.contains(entry.get("name").toString()))
        .map(entry -> DynamicTest.dynamicTest(entry.get("name").toString(), () -> check(folder, entry)));
  }

  private static void check(Path folder, Map<String, Object> entry) {
    double tolerance = ((Number) entry.get("suggested_max_abs_tol")).doubleValue();
    try (Model model = Model.open(folder.resolve(entry.get("file").toString()))) {
      for (Object run : list(entry.get("runs"))) {
        Map<String, Object> golden = object(run);
        int[] tokens = ints(object(ReferenceJson.read(folder.resolve(golden.get("tokens").toString()))).get("tokens"));
        String logits = golden.getOrDefault("dequant_logits", golden.get("logits")).toString();
        float[] expected = floats(folder.resolve(logits));
        assertClose(expected, model.logits(tokens), tolerance);
      }
    }
  }

  private static void assertClose(float[] expected, float[][] found, double tolerance) {
    assertEquals(expected.length, found.length * found[0].length);
    double worst = 0;
    for (int t = 0; t < found.length; t++) {
      for (int v = 0; v < found[t].length; v++) {
        worst = Math.max(worst, Math.abs(expected[t * found[t].length + v] - found[t][v]));
      }
    }
    assertTrue(worst <= tolerance, "largest difference " + worst + ", tolerance " + tolerance);
  }
}
