package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.quantize.Scratch;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** Terms where the core reads them; those that were there last need not be copied again. One task at a time. */
final class TermBuffers {
    private final Scratch directions = new Scratch();
    private final Scratch along = new Scratch();
    private final Scratch aims = new Scratch();
    private final Scratch coefficients = new Scratch();
    private FloatBuffer ofGroup = DirectBuffers.floats(0);
    private FloatBuffer alongGroup = DirectBuffers.floats(0);
    private FloatBuffer aimsOfGroup = DirectBuffers.floats(0);
    private @Nullable TermGroup added;
    private @Nullable TermGroup rounded;

    /** The directions of a group, [R, K]. */
    FloatBuffer directions(TermGroup group) {
        if (added != group) {
            ofGroup = directions.floats(group.rank() * group.columns());
            group.putDirections(ofGroup);
            ofGroup.flip();
            added = group;
        }
        return ofGroup;
    }

    /** The coefficients of rows of the tensor, [count, R]. */
    DoubleBuffer coefficients(TermGroup group, long first, int count) {
        DoubleBuffer values = coefficients
                .bytes(Math.multiplyExact(count * group.rank(), Double.BYTES))
                .asDoubleBuffer();
        for (int row = 0; row < count; row++) {
            group.putCoefficients(first + row, values);
        }
        return values.flip();
    }

    /** The directions of a group's feedback, [K, R]. */
    FloatBuffer along(TermGroup group) {
        load(group);
        return alongGroup;
    }

    /** The aims of a group's feedback, [K, R]. */
    FloatBuffer aims(TermGroup group) {
        load(group);
        return aimsOfGroup;
    }

    private void load(TermGroup group) {
        if (rounded != group) {
            ErrorFeedback feedback = group.feedback();
            alongGroup = along.floats(feedback.v().length).put(feedback.v()).flip();
            aimsOfGroup = aims.floats(feedback.u().length).put(feedback.u()).flip();
            rounded = group;
        }
    }
}
