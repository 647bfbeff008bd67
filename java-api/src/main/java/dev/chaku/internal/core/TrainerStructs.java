package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku_merge_aware;
import dev.chaku.internal.core.binding.generated.chaku_trainer_options;
import dev.chaku.internal.engine.MergeFormats;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.IntPointer;
import org.jspecify.annotations.Nullable;

/** A trainer's options as the core reads them, for one call. */
record TrainerStructs(
        chaku_trainer_options options,
        @Nullable chaku_merge_aware merge,
        @Nullable IntBuffer formats) implements AutoCloseable {
    private static final int INTS_A_FORMAT = 3;

    static TrainerStructs of(TrainerOptions options) {
        chaku_trainer_options struct = new chaku_trainer_options();
        struct.size(struct.sizeof())
                .mode(Ids.of(options.mode()))
                .max_tokens(options.maxTokens())
                .rank(options.rank())
                .scale(options.scale())
                .dropout(options.dropout())
                .targets(Ids.bits(options.targets()))
                .seed(options.seed())
                .load_balance(options.loadBalance())
                .train_routers(options.trainRouters() ? 1 : 0)
                .memory_limit_bytes(options.memoryLimitBytes())
                .merge_aware(null)
                .optimizer(Ids.of(options.optimizer()));
        MergeFormats merge = options.merge();
        if (merge == null) {
            return new TrainerStructs(struct, null, null);
        }
        IntBuffer formats = DirectBuffers.ints(INTS_A_FORMAT * merge.formats().size());
        merge.formats()
                .forEach((place, type) ->
                        formats.put(Ids.of(place.module())).put(place.layer()).put(type.id()));
        chaku_merge_aware aware = new chaku_merge_aware();
        aware.size(aware.sizeof())
                .every(merge.every())
                .n_formats(merge.formats().size())
                .formats(new IntPointer(formats.flip()));
        struct.merge_aware(aware);
        return new TrainerStructs(struct, aware, formats);
    }

    @Override
    public void close() {
        options.close();
        if (merge != null) {
            merge.close();
        }
    }
}
