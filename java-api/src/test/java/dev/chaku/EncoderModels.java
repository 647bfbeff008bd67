package dev.chaku;

import dev.chaku.gguf.GgufFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The small encoders of the repository, whose states an independent program computed in float64. */
final class EncoderModels {
    /** Made by {@code src/test/goldens/make.sh}. */
    private static final Path FOLDER = SmallModels.OWN.resolve("encoders");

    /** @param states [T][D] of the tokens */
    record Golden(String name, Path file, int[] tokens, float[][] states) {
        String architecture() {
            return GgufFile.read(file).metadata().requireString("general.architecture");
        }
    }

    private EncoderModels() {}

    static Path file(String name) {
        return FOLDER.resolve(name + ".gguf");
    }

    static List<Golden> all() {
        return ReferenceJson.list(ReferenceJson.read(FOLDER.resolve("index.json"))).stream()
                .map(name -> golden((String) name))
                .toList();
    }

    static Golden golden(String name) {
        Object tokens = ReferenceJson.object(ReferenceJson.read(FOLDER.resolve(name + ".tokens.json")))
                .get("tokens");
        int[] ids = ReferenceJson.ints(tokens);
        float[] all = ReferenceJson.floats(FOLDER.resolve(name + ".states.f32"));
        int width = all.length / ids.length;
        float[][] states = new float[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            states[i] = Arrays.copyOfRange(all, i * width, (i + 1) * width);
        }
        return new Golden(name, file(name), ids, states);
    }
}
