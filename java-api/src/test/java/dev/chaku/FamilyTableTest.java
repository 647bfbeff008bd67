package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.arch.family.ModelFamilies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The table of families in docs says what the tests cover, no more and no less: inference where the reference's logits
 * are compared ({@link ModelTest}), or an encoder's states ({@link EmbedderTest}), LoRA and full training where
 * gradients are checked ({@link FamilyGradientsTest}) and a training runs ({@link FamilyTrainingTest}).
 */
class FamilyTableTest {
    private static final Path PAGE = Path.of("..", "docs", "model-families.md");
    private static final Pattern ROW =
            Pattern.compile("\\| [^|]+ \\| `([^`]+)` \\| ([✔–]) \\| ([✔–]) \\| ([✔–]) \\| ([^|]+) \\|");

    /** Rows of the table by architecture: what is said of inference, LoRA and full training. */
    private static Map<String, String> table() throws IOException {
        Map<String, String> rows = new TreeMap<>();
        for (String line : Files.readAllLines(PAGE)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                rows.put(row.group(1), row.group(2) + row.group(3) + row.group(4));
            }
        }
        return rows;
    }

    @Test
    void everyKnownFamilyHasARow() throws IOException {
        assertEquals(new TreeSet<>(ModelFamilies.architectures()), table().keySet());
    }

    @Test
    void theReadmeCountsThem() throws IOException {
        String readme = Files.readString(Path.of("..", "README.md"));
        int count = ModelFamilies.architectures().size();
        assertTrue(readme.contains("[" + count + " families](docs/model-families.md)"), count + " families");
    }

    /** The last column: the classes of Hugging Face that the converter knows, each in the row of its own family. */
    @Test
    void whatIsConvertedIsNamed() throws IOException {
        Map<String, Set<String>> named = new TreeMap<>();
        for (String line : Files.readAllLines(PAGE)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                named.put(row.group(1), Set.of(row.group(5).split(", ")));
            }
        }
        Map<String, Set<String>> known = new TreeMap<>();
        for (String architecture : ModelFamilies.architectures()) {
            known.put(architecture, Set.copyOf(ModelFamilies.classes(architecture)));
        }
        assertEquals(known, named);
        assertEquals(
                Set.copyOf(ModelConverter.architectures()),
                known.values().stream().flatMap(Set::stream).collect(Collectors.toSet()));
    }

    @Test
    void whatIsTickedIsTested() throws IOException {
        ReferenceData.require(FamilyModels.FOLDER);
        Set<String> inferred = FamilyModels.all().stream()
                .map(FamilyModels.Entry::architecture)
                .collect(Collectors.toSet());
        EncoderModels.all().forEach(golden -> inferred.add(golden.architecture()));
        Set<String> trained = FamilyModels.all().stream()
                .filter(FamilyModels.Entry::isFloat)
                .map(FamilyModels.Entry::architecture)
                .collect(Collectors.toSet());
        Map<String, String> covered = new TreeMap<>();
        for (String architecture : ModelFamilies.architectures()) {
            String training = trained.contains(architecture) ? "✔✔" : "––";
            covered.put(architecture, (inferred.contains(architecture) ? "✔" : "–") + training);
        }
        assertEquals(covered, table());
    }
}
