package dev.chaku.internal.train;

import dev.chaku.train.TrainingProgress;

/** What a run tells Java Flight Recorder; nothing where the run-time is without it. */
interface RunEvents {
    /** A part of the run that takes time. */
    interface Part {
        /** Its time ends here. */
        void end();

        /** What came of it, told after {@link #end}. */
        void tell(TrainingProgress progress);
    }

    Part step();

    Part evaluation();

    Part checkpoint();

    static RunEvents get() {
        return ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? new FlightEvents() : new NoEvents();
    }

    /** Tells nobody. */
    final class NoEvents implements RunEvents, Part {
        @Override
        public Part step() {
            return this;
        }

        @Override
        public Part evaluation() {
            return this;
        }

        @Override
        public Part checkpoint() {
            return this;
        }

        @Override
        public void end() {}

        @Override
        public void tell(TrainingProgress progress) {}
    }
}
