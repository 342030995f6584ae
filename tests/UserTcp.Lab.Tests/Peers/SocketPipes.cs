using System.IO.Pipelines;
using System.Net.Sockets;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>Pipes over a kernel socket, which the caller closes.</summary>
internal sealed class SocketPipes : IDuplexPipe
{
    public SocketPipes(Socket socket)
    {
        var stream = new NetworkStream(socket);
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 << 10));
        Output = PipeWriter.Create(stream);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }
}
