namespace UserTcp.Tests.Api.Parity;

/// <summary>Something that makes connected streams: the kernel's, or ours.</summary>
public abstract class ParityNetwork : IAsyncDisposable
{
    /// <summary>A connection, seen from the end that connected and from the end that accepted.</summary>
    public abstract Task<(ParityEnd Near, ParityEnd Far)> ConnectAsync();

    /// <summary>Connects to a port where nobody listens.</summary>
    public abstract Task ConnectToNobodyAsync();

    /// <summary>Waits for a connection that does not come, and takes the listener away meanwhile.</summary>
    public abstract Task AcceptWhileTheListenerGoesAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>One end of a connection, with what a stream has no word for.</summary>
public abstract class ParityEnd(Stream stream)
{
    public Stream Stream => stream;

    /// <summary>FIN; reading goes on.</summary>
    public abstract void ShutdownSend();

    /// <summary>
    /// close(2), which the disposal of a <see cref="System.Net.Sockets.NetworkStream"/> precedes by a FIN: that hides
    /// what is unread, and may end what waits before the close aborts it.
    /// </summary>
    public abstract void Close();

    /// <summary>RST.</summary>
    public abstract void Reset();
}
