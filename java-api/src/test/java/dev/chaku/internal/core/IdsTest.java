package dev.chaku.internal.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.engine.ComputePath;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.ParameterInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class IdsTest {
    @ParameterizedTest
    @EnumSource(DecoderModule.class)
    void numbersOfModulesReadBackAndTensorsOfFilesHaveNone(DecoderModule module) {
        if (module.isOne()) {
            assertEquals(module, Ids.module(Ids.of(module)));
        } else {
            assertThrows(IllegalArgumentException.class, () -> Ids.of(module));
        }
    }

    @ParameterizedTest
    @EnumSource(ComputePath.class)
    void numbersOfPathsReadBack(ComputePath path) {
        assertEquals(path, Ids.path(Ids.of(path)));
    }

    @ParameterizedTest
    @EnumSource(ParameterInfo.Kind.class)
    void numbersOfKindsReadBack(ParameterInfo.Kind kind) {
        assertEquals(kind, Ids.parameterKind(Ids.of(kind)));
    }

    @Test
    void numbersThatAreNoneAreRefused() {
        assertThrows(IllegalStateException.class, () -> Ids.module(9999));
        assertThrows(IllegalStateException.class, () -> Ids.path(9999));
    }

    @Test
    void setsOfModulesAreBits() {
        long expected = 1L << chaku.CHAKU_ATTN_Q | 1L << chaku.CHAKU_OUTPUT;
        assertEquals(expected, Ids.bits(Set.of(DecoderModule.ATTN_Q, DecoderModule.OUTPUT)));
        long distinct = Arrays.stream(DecoderModule.values())
                .filter(DecoderModule::isOne)
                .mapToInt(Ids::of)
                .distinct()
                .count();
        assertEquals(
                Arrays.stream(DecoderModule.values())
                        .filter(DecoderModule::isOne)
                        .count(),
                distinct);
    }

    @Test
    void featuresHaveNames() {
        assertEquals(
                List.of("AVX2", "AMX_INT8"), Ids.features(chaku.CHAKU_FEATURE_AVX2 | chaku.CHAKU_FEATURE_AMX_INT8));
    }
}
