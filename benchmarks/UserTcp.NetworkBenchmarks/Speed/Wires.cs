using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.NetworkBenchmarks.Measuring;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>A connection, as the workloads use it.</summary>
internal interface IWire : IAsyncDisposable
{
    /// <summary>Waits for bytes and looks at all of them.</summary>
    /// <returns>How many there were; 0 at the end.</returns>
    ValueTask<int> TakeAsync();

    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>The same for a thread that has nothing else to do meanwhile.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    ValueTask FinishWritingAsync();

    /// <summary>Ends it by a reset.</summary>
    void Abort();
}

/// <summary>A kernel socket, by <see cref="NetworkStream"/>.</summary>
internal sealed class KernelWire(Socket socket) : IWire
{
    private const int BufferBytes = 256 << 10;
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private byte[]? _buffer;

    public async ValueTask<int> TakeAsync()
    {
        _buffer ??= new byte[BufferBytes];
        int read = await _stream.ReadAsync(_buffer);
        Touch.Every(_buffer.AsSpan(0, read));
        return read;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => _stream.WriteAsync(bytes);

    public void Write(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    public ValueTask FinishWritingAsync()
    {
        socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }

    public void Abort() => socket.LingerState = new LingerOption(enable: true, seconds: 0);

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}

/// <summary>A connection of a stack, by its pipes.</summary>
internal sealed class StackWire(UserTcpConnection connection) : IWire
{
    private Stream? _stream;

    public async ValueTask<int> TakeAsync()
    {
        ReadResult read = await connection.Input.ReadAsync();
        foreach (ReadOnlyMemory<byte> piece in read.Buffer)
        {
            Touch.Every(piece.Span);
        }

        int length = (int)read.Buffer.Length;
        connection.Input.AdvanceTo(read.Buffer.End);
        return length;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if ((await connection.Output.WriteAsync(bytes)).IsCompleted)
            throw new IOException("The connection has ended.");
    }

    public void Write(ReadOnlySpan<byte> bytes) => (_stream ??= connection.AsStream(leaveOpen: true)).Write(bytes);

    public ValueTask FinishWritingAsync() => connection.Output.CompleteAsync();

    public void Abort() => connection.Abort();

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}

/// <summary>Makes connections to the peer.</summary>
internal interface IWires
{
    ValueTask<IWire> ConnectAsync(int port, IPAddress? address = null);

    /// <summary>For <see cref="HttpClient"/>.</summary>
    ValueTask<Stream> OpenStreamAsync(int port, CancellationToken cancellationToken);
}

/// <summary>Kernel sockets. The calls that make them run inside the namespace.</summary>
internal sealed class KernelWires : IWires
{
    public async ValueTask<IWire> ConnectAsync(int port, IPAddress? address = null) =>
        new KernelWire(await OpenAsync(address ?? Cable.FarAddress, port, default));

    public async ValueTask<Stream> OpenStreamAsync(int port, CancellationToken cancellationToken) =>
        new NetworkStream(await OpenAsync(Cable.FarAddress, port, cancellationToken), ownsSocket: true);

    private static async ValueTask<Socket> OpenAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
        return socket;
    }
}

/// <summary>A stack of ours.</summary>
internal sealed class StackWires(UserTcpStack stack) : IWires
{
    public async ValueTask<IWire> ConnectAsync(int port, IPAddress? address = null) =>
        new StackWire(await stack.ConnectAsync(new IPEndPoint(address ?? Cable.FarAddress, port)));

    public async ValueTask<Stream> OpenStreamAsync(int port, CancellationToken cancellationToken)
    {
        UserTcpConnection connection =
            await stack.ConnectAsync(new IPEndPoint(Cable.FarAddress, port), cancellationToken: cancellationToken);
        return connection.AsStream();
    }
}
