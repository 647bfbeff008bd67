package dev.chaku.internal.data;

import dev.chaku.internal.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The first half of a text's SHA-256: equal for equal texts, and for no others that anybody will ever meet. */
public record TextDigest(long high, long low) {
    /** The digest of a text in UTF-8. */
    public static TextDigest of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The digest of a text in any encoding. */
    public static TextDigest of(byte[] text) {
        ByteBuffer bytes = ByteBuffer.wrap(new Sha256().add(text).bytes());
        return new TextDigest(bytes.getLong(), bytes.getLong());
    }
}
