using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace UserTcp.Gateway;

/// <summary>
/// Carries bytes between a connection of the stack and a socket, out of one's buffers into the other's: whoever does
/// not read stops the other side's window. FIN passes as FIN, RST as RST.
/// </summary>
internal sealed class Relay(UserTcpConnection connection, Socket socket, GatewayCounters counters)
{
    // A chunk's tail shorter than this is left unused rather than filled by a system call of its own.
    private const int LeastReceive = 16 * 1024;

    // Set when a flush said that nobody reads any more.
    private bool _isOver;

    /// <summary>Relays until both directions are over. Never throws for what either side does.</summary>
    /// <param name="stopping">Resets both sides.</param>
    /// <returns>Why the connection towards the stack ended.</returns>
    public async Task<UserTcpCloseReason> RunAsync(CancellationToken stopping)
    {
        using CancellationTokenRegistration stop =
            stopping.UnsafeRegister(static relay => ((Relay)relay!).ResetBoth(), this);
        Task up = RelayUpAsync();
        Task both = Task.WhenAll(up, RelayDownAsync());

        // An end has to pass on even while neither direction looks: one may be over, the other wait for the server.
        await Task.WhenAny(both, connection.Closed).ConfigureAwait(false);
        if (IsReset())
            ResetSocket();

        // Nobody is left to hear the server, but it hears what was sent to it.
        await up.ConfigureAwait(false);
        if (IsGone())
            socket.Dispose();

        await both.ConfigureAwait(false);
        return await EndAsync().ConfigureAwait(false);
    }

    private async ValueTask<UserTcpCloseReason> EndAsync()
    {
        if (_isOver)
            await connection.Closed.ConfigureAwait(false);
        if (IsReset())
            ResetSocket();

        socket.Dispose();
        await connection.DisposeAsync().ConfigureAwait(false);
        return connection.Closed.IsCompletedSuccessfully
            ? await connection.Closed.ConfigureAwait(false)
            : UserTcpCloseReason.Graceful;
    }

    private bool IsGone() =>
        connection.Closed is { IsCompletedSuccessfully: true, Result: not UserTcpCloseReason.Graceful };

    /// <summary>
    /// Whether the connection ended before its time. A link or an address that is gone is no reset, nor is one that
    /// comes after FIN: what the peer sent before is still delivered.
    /// </summary>
    private bool IsReset() => IsGone()
        && connection.Closed.Result is not (UserTcpCloseReason.LinkDown or UserTcpCloseReason.AddressLost)
        && connection.InputClosed is not { IsCompletedSuccessfully: true, Result: UserTcpCloseReason.Graceful };

    /// <summary>From the stack to the server.</summary>
    private async Task RelayUpAsync()
    {
        PipeReader input = connection.Input;
        try
        {
            while (await SendNextAsync(input).ConfigureAwait(false))
            {
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (IOException)
        {
            ResetSocket();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            connection.Abort(error);
        }
        finally
        {
            await input.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// One piece at a time, so that the window towards the peer opens while the next one is sent.
    /// </summary>
    /// <returns>False after the peer's FIN.</returns>
    private async ValueTask<bool> SendNextAsync(PipeReader input)
    {
        ReadResult read = await input.ReadAsync().ConfigureAwait(false);
        ReadOnlyMemory<byte> piece = FirstPiece(read.Buffer);
        for (ReadOnlyMemory<byte> left = piece; !left.IsEmpty;)
            left = left[await socket.SendAsync(left).ConfigureAwait(false)..];

        counters.CountToServer(piece.Length);
        bool isLast = read.IsCompleted && piece.Length == read.Buffer.Length;
        input.AdvanceTo(read.Buffer.GetPosition(piece.Length));
        return !isLast;
    }

    /// <summary>From the server to the stack.</summary>
    private async Task RelayDownAsync()
    {
        PipeWriter output = connection.Output;
        try
        {
            bool isFilling = false;
            while (true)
            {
                // Waiting for the first byte takes no memory: idle connections hold none.
                if (!isFilling)
                    await socket.ReceiveAsync(Memory<byte>.Empty).ConfigureAwait(false);

                Memory<byte> memory = output.GetMemory(LeastReceive);
                int received = await socket.ReceiveAsync(memory).ConfigureAwait(false);
                if (received == 0)
                    break;

                isFilling = received == memory.Length;
                counters.CountFromServer(received);
                output.Advance(received);
                _isOver = (await output.FlushAsync().ConfigureAwait(false)).IsCompleted;
                if (_isOver)
                    break;
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            connection.Abort(error);
        }
        finally
        {
            // FIN; nothing after a reset.
            await output.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static ReadOnlyMemory<byte> FirstPiece(in ReadOnlySequence<byte> buffer)
    {
        foreach (ReadOnlyMemory<byte> piece in buffer)
        {
            if (!piece.IsEmpty)
                return piece;
        }

        return default;
    }

    private void ResetBoth()
    {
        connection.Abort();
        ResetSocket();
    }

    /// <summary>Sends RST and fails what is pending; harmless when the socket is gone.</summary>
    private void ResetSocket() => socket.Close(0);
}
