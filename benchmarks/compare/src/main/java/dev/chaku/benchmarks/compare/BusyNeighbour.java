package dev.chaku.benchmarks.compare;

import java.util.Map;

/** A neighbour: one thread that wants a core all the time, in plain arithmetic, until its parent closes the pipe. */
final class BusyNeighbour {
    private static volatile long result;

    private BusyNeighbour() {}

    public static void main(String[] args) {
        WorkerLoop.run(() -> {
            Thread busy = new Thread(BusyNeighbour::compute, "busy");
            busy.setDaemon(true);
            busy.start();
            WorkerLoop.serve(Map.of("program", "busy"), request -> Map.of());
        });
    }

    private static void compute() {
        long value = 1;
        while (true) {
            for (int i = 0; i < 1 << 20; i++) {
                value = value * 6364136223846793005L + 1442695040888963407L;
            }
            result = value;
        }
    }
}
