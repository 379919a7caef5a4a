package io.jimg.nbd.wire;

import io.jimg.TlsIdentity;
import java.io.EOFException;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 or 1.2 over another wire. Holds a record of the other side's, and what came of it, at a time, whatever the
 * other side says its length is; renegotiation is refused.
 */
public final class TlsWire implements Wire {
    private static final int RECORD_HEADER = 5;
    private static final int RECORD_LENGTH = 3;
    /** A record's longest content, and what a cipher may add to it (RFC 5246, section 6.2.3). */
    private static final int LARGEST_RECORD = RECORD_HEADER + (1 << 14) + 2048;
    /** Where several records are to be sent, they are so together. */
    private static final int OUTPUT_BUFFER = 128 << 10;

    /** How much of a refused client is heard out. */
    private static final int LONGEST_FAREWELL = 64 << 10;

    private static final int MOST_ALERTS = 4;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Wire wire;
    private final SSLEngine engine;
    private final int largestContent;
    private final int largestPacket;
    private final ByteBuffer received = ByteBuffer.allocateDirect(LARGEST_RECORD);
    private final ByteBuffer plain;
    private ByteBuffer output;
    private boolean ready;

    private TlsWire(Wire wire, SSLEngine engine) {
        this.wire = wire;
        this.engine = engine;
        this.largestContent = engine.getSession().getApplicationBufferSize();
        this.largestPacket = engine.getSession().getPacketBufferSize();
        this.plain = ByteBuffer.allocate(largestContent).limit(0);
        this.output = ByteBuffer.allocateDirect(largestPacket);
    }

    /**
     * The client's side of the handshake.
     *
     * @param wire belongs to the result from now on
     * @param host that the server's certificate must be for, if it is verified; null if it is not
     * @throws SSLException where client and server do not come to terms; a certificate that was refused is among its
     *     causes
     */
    public static TlsWire client(Wire wire, TlsIdentity identity, @Nullable String host) throws IOException {
        SSLEngine engine = host == null
                ? identity.context().createSSLEngine()
                : identity.context().createSSLEngine(host, -1);
        engine.setUseClientMode(true);
        engine.setEnabledProtocols(identity.protocols().toArray(new String[0]));
        if (identity.verifyPeer()) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            engine.setSSLParameters(parameters);
        }
        return greeted(wire, engine);
    }

    /**
     * The server's side of the handshake.
     *
     * @param wire belongs to the result from now on
     * @throws SSLException where client and server do not come to terms
     */
    public static TlsWire server(Wire wire, TlsIdentity identity) throws IOException {
        SSLEngine engine = identity.context().createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(identity.protocols().toArray(new String[0]));
        engine.setNeedClientAuth(identity.verifyPeer());
        try {
            return greeted(wire, engine);
        } catch (SSLException refused) {
            hearOut(wire, refused);
            throw refused;
        }
    }

    /**
     * Lets the client read why it was refused: closing a connection while something of it is unread takes back what was
     * sent last.
     */
    private static void hearOut(Wire wire, SSLException refused) {
        try {
            wire.finish();
            wire.read(ByteBuffer.allocate(LONGEST_FAREWELL));
        } catch (IOException gone) {
            refused.addSuppressed(gone);
        }
    }

    private static TlsWire greeted(Wire wire, SSLEngine engine) throws IOException {
        TlsWire tls = new TlsWire(wire, engine);
        engine.beginHandshake();
        try {
            tls.handshake();
        } catch (SSLException refused) {
            tls.sendAlerts(refused);
            throw refused;
        }
        tls.output = ByteBuffer.allocateDirect(OUTPUT_BUFFER);
        tls.ready = true;
        return tls;
    }

    private void handshake() throws IOException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_WRAP -> {
                    output.clear();
                    if (engine.wrap(NOTHING, output).getStatus() == Status.CLOSED) {
                        throw new SSLException("The TLS handshake was ended");
                    }
                    wire.write(output.flip());
                }
                case NEED_TASK -> runTasks();
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    plain.clear();
                    try {
                        unwrap(plain);
                    } finally {
                        plain.flip();
                    }
                }
                default -> {
                    return;
                }
            }
        }
    }

    /** Tells the other side why, where it still listens. */
    private void sendAlerts(SSLException refused) {
        try {
            for (int i = 0; i < MOST_ALERTS && engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP; i++) {
                output.clear();
                engine.wrap(NOTHING, output);
                wire.write(output.flip());
            }
        } catch (IOException gone) {
            refused.addSuppressed(gone);
        }
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    @Override
    public void read(ByteBuffer destination) throws IOException {
        while (destination.hasRemaining()) {
            if (plain.hasRemaining()) {
                int length = Math.min(plain.remaining(), destination.remaining());
                destination.put(destination.position(), plain, plain.position(), length);
                destination.position(destination.position() + length);
                plain.position(plain.position() + length);
            } else if (destination.remaining() >= largestContent) {
                unwrap(destination);
            } else {
                plain.clear();
                try {
                    unwrap(plain);
                } finally {
                    plain.flip();
                }
            }
        }
    }

    /** Receives one record and takes it apart. */
    private void unwrap(ByteBuffer content) throws IOException {
        received.clear().limit(RECORD_HEADER);
        wire.read(received);
        int length = RECORD_HEADER + (received.getShort(RECORD_LENGTH) & 0xffff);
        if (length > LARGEST_RECORD) {
            throw new SSLException("A TLS record of " + length + " bytes");
        }
        received.limit(length);
        wire.read(received);
        received.flip();
        while (received.hasRemaining()) {
            SSLEngineResult result = engine.unwrap(received, content);
            if (result.getStatus() == Status.CLOSED) {
                throw new EOFException("The TLS connection was ended");
            }
            if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                runTasks();
            }
            if (result.getStatus() != Status.OK || (result.bytesConsumed() == 0 && result.bytesProduced() == 0)) {
                throw new StreamCorruptedException("A TLS record that makes no sense");
            }
        }
        if (ready && engine.getHandshakeStatus() == HandshakeStatus.NEED_UNWRAP) {
            throw new StreamCorruptedException("TLS renegotiation");
        }
    }

    @Override
    public void write(ByteBuffer... sources) throws IOException {
        output.clear();
        while (Arrays.stream(sources).anyMatch(ByteBuffer::hasRemaining)) {
            if (output.remaining() < largestPacket) {
                wire.write(output.flip());
                output.clear();
            }
            if (engine.wrap(sources, output).getStatus() != Status.OK) {
                throw new EOFException("The TLS connection was ended");
            }
        }
        wire.write(output.flip());
    }

    @Override
    public void finish() throws IOException {
        engine.closeOutbound();
        output.clear();
        engine.wrap(NOTHING, output);
        wire.write(output.flip());
        wire.finish();
    }

    @Override
    public void close() {
        wire.close();
    }
}
