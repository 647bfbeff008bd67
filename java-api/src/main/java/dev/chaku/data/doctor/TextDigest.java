package dev.chaku.data.doctor;

import dev.chaku.internal.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The first half of a text's SHA-256: equal for equal texts, and for no others that anybody will ever meet. */
record TextDigest(long high, long low) {
    static TextDigest of(String text) {
        ByteBuffer bytes = ByteBuffer.wrap(
                new Sha256().add(text.getBytes(StandardCharsets.UTF_8)).bytes());
        return new TextDigest(bytes.getLong(), bytes.getLong());
    }
}
