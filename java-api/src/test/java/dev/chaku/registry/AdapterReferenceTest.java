package dev.chaku.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** References, and where the registry is that they are looked up in. */
class AdapterReferenceTest {
    @Test
    void aTextIsNameAndVersion() {
        AdapterReference reference = AdapterReference.parse("support@12");
        assertEquals(new AdapterReference("support", "12"), reference);
        assertEquals(Optional.of(12), reference.number());
        assertEquals(Optional.empty(), reference.state());
        assertEquals("support@12", reference.toString());
        assertEquals("support", AdapterReference.parse("support").toString());
        assertEquals(
                Optional.of(VersionState.PRODUCTION),
                AdapterReference.parse("support@production").state());
        assertEquals(Optional.empty(), AdapterReference.parse("support@latest").state());
        assertEquals(Optional.empty(), AdapterReference.parse("support@012").number(), "a tag, if anything");
        for (String wrong : List.of("@3", "a@b@c", "a@", "a@ b", "a/b@1", "..@1", "a@../b", "a@\n")) {
            assertThrows(BadInputException.class, () -> AdapterReference.parse(wrong), wrong);
            assertFalse(AdapterReference.looksLikeOne(wrong), wrong);
        }
        assertFalse(AdapterReference.looksLikeOne("adapter.gguf"));
        assertTrue(AdapterReference.looksLikeOne("llama-3.2_style@v1.0"));
    }

    @Test
    void aPathIsWhatIsThere() {
        assertTrue(AdapterReference.isPath("."));
        assertFalse(AdapterReference.isPath("surely-nothing-of-this-name"));
        assertFalse(AdapterReference.isPath("a\0b"));
    }

    @Test
    void theRegistryIsWhereTheEnvironmentSays() {
        String home = "/home/ada";
        assertEquals(Path.of("/r"), UserFolder.of(Map.of("CHAKU_REGISTRY", "/r", "XDG_DATA_HOME", "/d"), home));
        assertEquals(Path.of("mine"), UserFolder.of(Map.of("CHAKU_REGISTRY", "mine"), home));
        assertEquals(Path.of("/d/chaku/adapters"), UserFolder.of(Map.of("XDG_DATA_HOME", "/d"), home));
        Path ofHome = Path.of("/home/ada/.local/share/chaku/adapters");
        assertEquals(ofHome, UserFolder.of(Map.of("XDG_DATA_HOME", "relative"), home));
        assertEquals(ofHome, UserFolder.of(Map.of("XDG_DATA_HOME", "", "CHAKU_REGISTRY", ""), home));
        assertEquals(ofHome, UserFolder.of(Map.of("HOME", home), "?"));
        for (String none : List.of("?", "")) {
            String said = assertThrows(BadInputException.class, () -> UserFolder.of(Map.of(), none))
                    .getMessage();
            assertEquals(
                    "registry of adapters: expected a home folder to have it in, found none; name one with CHAKU_REGISTRY",
                    said);
        }
    }

    @Test
    void gatesAreRead() {
        assertEquals(new Gate.Bound("eval_loss", "<", 1.2), Gate.parse("eval_loss<1.2"));
        assertEquals(new Gate.Bound("acc", ">=", 0.95), Gate.parse(" acc >= 0.95 "));
        assertEquals(new Gate.Bound("x", "<=", -1e-3), Gate.parse("x<=-1e-3"));
        assertEquals(new Gate.Bound("x", ">", 5), Gate.parse("x>5"));
        assertEquals("x>5", Gate.parse("x > 5.0").text());
        assertEquals(new Gate.Passed("verify"), Gate.parse("verify"));
        for (String wrong : List.of("", "<1", "a<", "a<b", "a==1", "a b", "a<1.2.3", "a<1<2")) {
            assertThrows(BadInputException.class, () -> Gate.parse(wrong), wrong);
        }
    }

    @Test
    void rulesOfRetentionAreRead() {
        assertEquals(new Retention.Best("eval_loss", 2, true), Retention.Best.parse("eval_loss:2"));
        assertEquals(new Retention.Best("eval_accuracy", 3, false), Retention.Best.parse("eval_accuracy:3"));
        assertEquals(new Retention.Best("taste", 1, false), Retention.Best.parse("taste:1:max"));
        assertEquals(new Retention.Best("eval_accuracy", 1, true), Retention.Best.parse("eval_accuracy:1:min"));
        for (String wrong : List.of("eval_loss", "eval_loss:", ":2", "taste:1", "eval_loss:2:best", "a b:1")) {
            assertThrows(BadInputException.class, () -> Retention.Best.parse(wrong), wrong);
        }
        assertThrows(BadInputException.class, () -> new Retention(-1, List.of(), true));
    }
}
