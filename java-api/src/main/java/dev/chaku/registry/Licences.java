package dev.chaku.registry;

/**
 * Under what terms an adapter's sources were given, in the words of who gave them: an SPDX identifier where there is
 * one.
 *
 * @param base of the base model
 * @param data of what it was trained on
 */
public record Licences(String base, String data) {
    /** What is written where nobody said it. */
    public static final String UNKNOWN = "unknown";

    /** Nothing is known of either. */
    public static final Licences NONE = new Licences(UNKNOWN, UNKNOWN);

    /**
     * {@return the same with another licence of the base}
     *
     * @param licence its name
     */
    public Licences withBase(String licence) {
        return new Licences(licence, data);
    }

    /**
     * {@return the same with another licence of the data}
     *
     * @param licence its name
     */
    public Licences withData(String licence) {
        return new Licences(base, licence);
    }
}
