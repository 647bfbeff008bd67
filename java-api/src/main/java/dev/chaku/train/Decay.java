package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.List;
import java.util.Locale;

/**
 * How the learning rate goes on after the warm-up. A kind that has numbers of its own is a record with them. Sources:
 * Loshchilov and Hutter, "SGDR", 2017 (cosine and its restarts); Hu et al., "MiniCPM", 2024 (warm-up, stable, decay).
 */
public sealed interface Decay {
    /** It stays. */
    record Constant() implements Decay {
        @Override
        public double rateAt(double highest, double done) {
            return highest;
        }

        @Override
        public String label() {
            return "constant";
        }
    }

    /** It falls to 0 in a straight line. */
    record Linear() implements Decay {
        @Override
        public double rateAt(double highest, double done) {
            return highest * (1 - done);
        }

        @Override
        public String label() {
            return "linear";
        }
    }

    /**
     * It falls along half a cosine.
     *
     * @param minimum what it falls to, as a share of the highest, in [0, 1)
     */
    record Cosine(double minimum) implements Decay {
        /** @throws BadInputException if the minimum is out of its range */
        public Cosine {
            require(minimum >= 0 && minimum < 1, "schedule", "a minimum of at least 0 and less than 1", minimum);
        }

        /** Falls to 0. */
        public Cosine() {
            this(0);
        }

        @Override
        public double rateAt(double highest, double done) {
            return highest * (minimum + (1 - minimum) * (1 + Math.cos(Math.PI * done)) / 2);
        }

        @Override
        public String label() {
            return minimum == 0 ? "cosine" : "cosine:" + number(minimum);
        }
    }

    /**
     * It falls along half a cosine several times, each as long as the others, and begins anew at the highest.
     *
     * @param cycles how many times, 1 to 1000
     */
    record Restarts(int cycles) implements Decay {
        /** @throws BadInputException if the number is out of its range */
        public Restarts {
            require(cycles >= 1 && cycles <= 1000, "schedule", "1 to 1000 cycles", cycles);
        }

        @Override
        public double rateAt(double highest, double done) {
            double cycle = done * cycles;
            return highest * (1 + Math.cos(Math.PI * (cycle - Math.floor(cycle)))) / 2;
        }

        @Override
        public String label() {
            return "restarts:" + cycles;
        }
    }

    /**
     * It stays, and falls to 0 in a straight line at the end.
     *
     * @param share of the steps after the warm-up in which it falls, in (0, 1]
     */
    record StableThenLinear(double share) implements Decay {
        /** @throws BadInputException if the share is out of its range */
        public StableThenLinear {
            require(share > 0 && share <= 1, "schedule", "a share of more than 0 and at most 1", share);
        }

        @Override
        public double rateAt(double highest, double done) {
            return highest * Math.min(1, (1 - done) / share);
        }

        @Override
        public String label() {
            return "wsd:" + number(share);
        }
    }

    /**
     * It falls to 0 by a power of what is left.
     *
     * @param power above 0; 1 is a straight line
     */
    record Polynomial(double power) implements Decay {
        /** @throws BadInputException if the power is out of its range */
        public Polynomial {
            require(power > 0 && power <= 100, "schedule", "a power of more than 0 and at most 100", power);
        }

        @Override
        public double rateAt(double highest, double done) {
            return highest * Math.pow(1 - done, power);
        }

        @Override
        public String label() {
            return "polynomial:" + number(power);
        }
    }

    /** What {@link #parse} knows, for messages and help. */
    String NAMES = "constant, linear, cosine[:MINIMUM], restarts:CYCLES, wsd[:SHARE], polynomial:POWER";

    /**
     * {@return the learning rate at a step}
     *
     * @param highest the one at the end of the warm-up
     * @param done the share of the steps after the warm-up that is done, from 0 to below 1
     */
    double rateAt(double highest, double done);

    /** {@return the name with its number, as the command line and {@code config.json} write it} */
    String label();

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    /**
     * {@return the kind of a name}
     *
     * @param text as {@link #label} writes it, in any case; {@code wsd} alone falls in the last tenth
     * @throws BadInputException for an unknown one, or a number that is out of its range
     */
    static Decay parse(String text) {
        int colon = text.indexOf(':');
        String name = (colon < 0 ? text : text.substring(0, colon)).toLowerCase(Locale.ROOT);
        double value = colon < 0 ? Double.NaN : numberOf(text, text.substring(colon + 1));
        boolean bare = colon < 0;
        if (List.of("constant", "linear").contains(name) && bare) {
            return name.equals("constant") ? new Constant() : new Linear();
        }
        if (name.equals("cosine")) {
            return new Cosine(bare ? 0 : value);
        }
        if (name.equals("wsd")) {
            return new StableThenLinear(bare ? 0.1 : value);
        }
        if (name.equals("polynomial") && !bare) {
            return new Polynomial(value);
        }
        if (name.equals("restarts") && !bare && value == Math.rint(value)) {
            return new Restarts((int) value);
        }
        throw unknown(text);
    }

    private static double numberOf(String text, String number) {
        try {
            return Double.parseDouble(number);
        } catch (NumberFormatException e) {
            throw unknown(text);
        }
    }

    private static BadInputException unknown(String text) {
        return BadInputException.ofSetting("schedule", NAMES, "'" + text + "'");
    }
}
