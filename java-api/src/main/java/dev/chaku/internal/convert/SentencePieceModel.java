package dev.chaku.internal.convert;

import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The vocabulary of a SentencePiece file ({@code tokenizer.model}): a protocol buffer, of which only the pieces and two
 * settings are read. Source: sentencepiece_model.proto. Every length is checked against what is left.
 *
 * @param pieces in the order of their ids
 * @param normalizer what is done to a text beforehand
 */
record SentencePieceModel(List<Piece> pieces, Normalizer normalizer) {
    private static final long MOST_BYTES = 256L << 20;
    private static final int UNIGRAM = 1;
    private static final int BPE = 2;

    /**
     * One token.
     *
     * @param kind 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte: the numbers that GGUF has, too
     */
    record Piece(String text, float score, int kind) {}

    /**
     * The settings of normalization.
     *
     * @param name of the table of characters, such as nmt_nfkc
     * @param hasTable whether there is such a table, which no GGUF file can hold
     * @param addsSpace whether a space is put before each text
     * @param dropsSpaces whether spaces at the ends go, and all but one of several
     */
    record Normalizer(String name, boolean hasTable, boolean addsSpace, boolean dropsSpaces) {
        /** Where a file says nothing, as one of which only the pieces were written. */
        private static final Normalizer NONE = new Normalizer("none", false, true, false);
    }

    /** @throws BadInputException if it is damaged or of another kind than byte pairs */
    static SentencePieceModel read(Path path) {
        try {
            if (Files.size(path) > MOST_BYTES) {
                throw new BadInputException(
                        path + ": expected at most " + MOST_BYTES + " bytes, found " + Files.size(path));
            }
            return new Reader(path, ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN)).model();
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        }
    }

    /** Walks over fields: a varint of number and wire type, then the value. */
    private record Reader(Path path, ByteBuffer bytes) {
        SentencePieceModel model() {
            List<Piece> pieces = new ArrayList<>();
            Normalizer normalizer = Normalizer.NONE;
            int kind = UNIGRAM;
            while (bytes.hasRemaining()) {
                long tag = varint();
                switch ((int) tag) {
                    case 1 << 3 | 2 -> pieces.add(message().piece());
                    case 2 << 3 | 2 -> kind = message().integer(3, UNIGRAM);
                    case 3 << 3 | 2 -> normalizer = message().normalizer();
                    default -> skip(tag);
                }
            }
            if (pieces.isEmpty()) {
                throw error("pieces", "none");
            }
            if (kind != BPE) {
                String found = kind == UNIGRAM ? "a Unigram vocabulary (model type 1)" : "model type " + kind;
                throw error("a vocabulary of byte pairs (model type 2)", found);
            }
            return new SentencePieceModel(List.copyOf(pieces), normalizer);
        }

        private Piece piece() {
            String text = "";
            float score = 0;
            int kind = 1;
            while (bytes.hasRemaining()) {
                long tag = varint();
                switch ((int) tag) {
                    case 1 << 3 | 2 ->
                        text = StandardCharsets.UTF_8.decode(message().bytes).toString();
                    case 2 << 3 | 5 -> score = take(4).getFloat();
                    case 3 << 3 -> kind = (int) varint();
                    default -> skip(tag);
                }
            }
            if (kind < 1 || kind > 6) {
                throw error("a kind of token from 1 to 6", kind + " of '" + text + "'");
            }
            return new Piece(text, score, kind);
        }

        private Normalizer normalizer() {
            String name = "none";
            boolean hasTable = false;
            boolean addsSpace = true;
            boolean dropsSpaces = true;
            while (bytes.hasRemaining()) {
                long tag = varint();
                switch ((int) tag) {
                    case 1 << 3 | 2 ->
                        name = StandardCharsets.UTF_8.decode(message().bytes).toString();
                    case 2 << 3 | 2 -> hasTable = message().bytes.hasRemaining();
                    case 3 << 3 -> addsSpace = varint() != 0;
                    case 4 << 3 -> dropsSpaces = varint() != 0;
                    default -> skip(tag);
                }
            }
            return new Normalizer(name, hasTable, addsSpace, dropsSpaces);
        }

        /** The last varint of a field, or what holds without it. */
        private int integer(int field, int otherwise) {
            int value = otherwise;
            while (bytes.hasRemaining()) {
                long tag = varint();
                if (tag == (long) field << 3) {
                    value = (int) varint();
                } else {
                    skip(tag);
                }
            }
            return value;
        }

        private void skip(long tag) {
            switch ((int) (tag & 7)) {
                case 0 -> varint();
                case 1 -> take(8);
                case 2 -> message();
                case 5 -> take(4);
                default -> throw error("a protocol buffer", "wire type " + (tag & 7));
            }
        }

        private Reader message() {
            return new Reader(path, take(varint()));
        }

        private ByteBuffer take(long length) {
            if (length < 0 || length > bytes.remaining()) {
                throw error(length + " more bytes", bytes.remaining() + " at the end of a field");
            }
            ByteBuffer part = bytes.slice(bytes.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.position(bytes.position() + (int) length);
            return part;
        }

        private long varint() {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                byte next = take(1).get();
                value |= (next & 0x7fL) << shift;
                if (next >= 0) {
                    return value;
                }
            }
            throw error("a number of at most 10 bytes", "a longer one");
        }

        private BadInputException error(String expected, String found) {
            return new BadInputException(path + ": expected " + expected + ", found " + found);
        }
    }
}
