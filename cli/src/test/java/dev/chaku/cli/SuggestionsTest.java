package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
        "train, --dataset, --data",
        "generate, -n, --max-tokens",
        "generate, --temprature, --temperature",
        "generate, --lora, --adapter",
    })
    void namesTheFlagThatIsMeant(String verb, String wrong, String meant) {
        Cli.Ran ran = Cli.run(verb, wrong, "3");
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
