package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionsTest {
    @ParameterizedTest
    @CsvSource({
        "train, --lr, --learning-rate",
        "train, --learning_rate, --learning-rate",
        "train, --epoch, --epochs",
        "train, --lora-r, --rank",
        "train, --layers-to-transform, --layers",
        "train, --dataset, --data",
        "eval, --metric, --metrics",
        "generate, -n, --max-tokens",
        "generate, --temprature, --temperature",
        "generate, --lora, --adapter",
        "generate, --model-draft, --draft",
        "generate, --draft-max, --draft-tokens",
        "adapter merge, --combination-type, --method",
        "adapter merge, --majority_sign_method, --sign",
        "adapter merge, --svd-rank, --rank",
    })
    void namesTheFlagThatIsMeant(String verb, String wrong, String meant) {
        List<Object> line = new ArrayList<>(List.of((Object[]) verb.split(" ")));
        line.addAll(List.of(wrong, "3"));
        Cli.Ran ran = Cli.run(line.toArray());
        assertEquals(2, ran.code());
        assertTrue(ran.err().contains("did you mean " + meant), ran.err());
    }

    @Test
    void namesVerbsToo() {
        assertTrue(
                Cli.run("trian").err().contains("did you mean train"),
                Cli.run("trian").err());
    }

    @Test
    void isSilentWhereNothingIsNear() {
        assertFalse(Cli.run("train", "--zzzzzzzz").err().contains("did you mean"));
    }
}
