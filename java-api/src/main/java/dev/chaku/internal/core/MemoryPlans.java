package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku_memory_plan;
import dev.chaku.internal.engine.MemoryPlan;

/** Memory plans as the core writes them. */
final class MemoryPlans {
    private MemoryPlans() {}

    /** A struct for the core to fill. */
    static chaku_memory_plan struct() {
        chaku_memory_plan plan = new chaku_memory_plan();
        plan.size(plan.sizeof());
        return plan;
    }

    static MemoryPlan of(chaku_memory_plan plan) {
        return new MemoryPlan(
                plan.weight_bytes(),
                plan.parameter_bytes(),
                plan.optimizer_bytes(),
                plan.activation_bytes(),
                plan.scratch_bytes(),
                plan.total_bytes(),
                plan.available_bytes());
    }
}
