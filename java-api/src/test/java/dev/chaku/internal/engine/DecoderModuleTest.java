package dev.chaku.internal.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderModuleTest {
    @ParameterizedTest
    @EnumSource(
            value = DecoderModule.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"ATTN_QKV", "FFN_GATE_UP", "SHORTCONV_IN", "SHORTCONV_OUT", "MIX_BETA_ALPHA"})
    void namesReadBack(DecoderModule module) {
        DecoderModule.Place place = module.at(12);
        assertEquals(Optional.of(place), DecoderModule.parse(place.name()));
    }

    @Test
    void layersAreInNames() {
        assertEquals("blk.12.attn_q", DecoderModule.ATTN_Q.at(12).name());
        assertEquals("output", DecoderModule.OUTPUT.at(12).name());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "blk",
                "blk.",
                "blk.1",
                "blk.1.",
                "blk.x.attn_q",
                "blk.01.attn_q",
                "blk.-1.attn_q",
                "attn_q",
                "blk.1.output",
                "blk.1.attn_q.weight",
                "blk.99999999999.attn_q"
            })
    void otherNamesAreNoPlaces(String name) {
        assertEquals(Optional.empty(), DecoderModule.parse(name));
    }
}
