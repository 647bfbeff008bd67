package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_lora_options;
import dev.chaku.internal.core.binding.generated.chaku_merge_aware;
import dev.chaku.internal.core.binding.generated.chaku_trainer_options;
import dev.chaku.internal.engine.LoraOptions;
import dev.chaku.internal.engine.MergeFormats;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;

/** A trainer's options as the core reads them, for one call. */
final class TrainerStructs implements AutoCloseable {
    private static final int INTS_A_PRODUCT = 3;

    private final chaku_trainer_options options = new chaku_trainer_options();
    private final List<Pointer> structs = new ArrayList<>(List.of(options));
    /** What the structs point to. */
    private final List<Buffer> arrays = new ArrayList<>();

    private TrainerStructs() {}

    static TrainerStructs of(TrainerOptions options) {
        TrainerStructs structs = new TrainerStructs();
        structs.options
                .size(structs.options.sizeof())
                .mode(options.lora() == null ? chaku.CHAKU_TRAIN_FULL : chaku.CHAKU_TRAIN_LORA)
                .max_tokens(options.maxTokens())
                .seed(options.seed())
                .load_balance(options.loadBalance())
                .train_routers(options.trainRouters() ? 1 : 0)
                .memory_limit_bytes(options.memoryLimitBytes())
                .optimizer(Ids.of(options.optimizer()))
                .embedding_noise(options.embeddingNoise())
                .lora(options.lora() == null ? null : structs.lora(options.lora()));
        return structs;
    }

    chaku_trainer_options options() {
        return options;
    }

    private chaku_lora_options lora(LoraOptions lora) {
        int n = lora.exceptions().size();
        IntBuffer products = array(DirectBuffers.ints(INTS_A_PRODUCT * n));
        FloatBuffer scales = array(DirectBuffers.floats(n));
        lora.exceptions().forEach((place, product) -> {
            products.put(Ids.of(place.module())).put(place.layer()).put(product.rank());
            scales.put(product.scale());
        });
        chaku_lora_options struct = struct(new chaku_lora_options());
        return struct.size(struct.sizeof())
                .rank(lora.rank())
                .scale(lora.scale())
                .dropout(lora.dropout())
                .targets(Ids.bits(lora.targets()))
                .n_exceptions(n)
                .exceptions(n == 0 ? null : new IntPointer(products.flip()))
                .exception_scales(n == 0 ? null : new FloatPointer(scales.flip()))
                .magnitudes(lora.magnitudes() ? 1 : 0)
                .subtracts_frozen(lora.subtractsFrozen() ? 1 : 0)
                .saved(Ids.bits(lora.saved()))
                .merge_aware(lora.merge() == null ? null : merge(lora.merge()));
    }

    private chaku_merge_aware merge(MergeFormats merge) {
        IntBuffer formats =
                array(DirectBuffers.ints(INTS_A_PRODUCT * merge.formats().size()));
        merge.formats()
                .forEach((place, type) ->
                        formats.put(Ids.of(place.module())).put(place.layer()).put(type.id()));
        chaku_merge_aware aware = struct(new chaku_merge_aware());
        return aware.size(aware.sizeof())
                .every(merge.every())
                .n_formats(merge.formats().size())
                .formats(new IntPointer(formats.flip()));
    }

    private <B extends Buffer> B array(B buffer) {
        arrays.add(buffer);
        return buffer;
    }

    private <P extends Pointer> P struct(P pointer) {
        structs.add(pointer);
        return pointer;
    }

    @Override
    public void close() {
        structs.forEach(Pointer::close);
        arrays.clear();
    }
}
