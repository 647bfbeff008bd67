package dev.chaku.parquet;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopCodecs;

/**
 * Decompresses pages: gzip with the JDK, since Parquet's reader would ask Hadoop for it, and the rest (Snappy,
 * Zstandard, LZ4) as Parquet's reader does. For reading alone.
 */
final class PageCodecs implements CompressionCodecFactory {
    private final CompressionCodecFactory others = HadoopCodecs.newFactory(0);

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName name) {
        throw new UnsupportedOperationException("nothing is written");
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName name) {
        return name == CompressionCodecName.GZIP ? new Gzip() : others.getDecompressor(name);
    }

    @Override
    public void release() {
        others.release();
    }

    private static final class Gzip implements BytesInputDecompressor {
        @Override
        public BytesInput decompress(BytesInput bytes, int size) throws IOException {
            return BytesInput.from(decompress(bytes.toInputStream(), size));
        }

        @Override
        public void decompress(ByteBuffer input, int compressedSize, ByteBuffer output, int size) throws IOException {
            ByteBuffer compressed = input.slice().limit(compressedSize);
            input.position(input.position() + compressedSize);
            output.put(decompress(ByteBufferInputStream.wrap(compressed), size));
        }

        private static byte[] decompress(InputStream compressed, int size) throws IOException {
            try (InputStream in = new GZIPInputStream(compressed)) {
                byte[] page = in.readNBytes(size);
                if (page.length < size) {
                    throw new EOFException("expected a page of " + size + " bytes, found " + page.length);
                }
                return page;
            }
        }

        @Override
        public void release() {
            // Nothing is held between pages.
        }
    }
}
