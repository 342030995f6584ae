using System.Buffers;
using System.IO.Pipelines;

namespace UserTcp.Benchmarks.Http;

/// <summary>The least that HttpClient takes for a server: every request gets the same short answer.</summary>
internal static class HttpResponder
{
    private static readonly byte[] s_answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"u8.ToArray();

    private static ReadOnlySpan<byte> EndOfHead => "\r\n\r\n"u8;

    /// <summary>Answers requests without bodies, until the client ends the connection.</summary>
    public static async Task ServeAsync(UserTcpConnection connection)
    {
        for (ReadResult result; !(result = await connection.Input.ReadAsync()).IsCompleted;)
        {
            ReadOnlySequence<byte> rest = Answer(result.Buffer, connection.Output);
            connection.Input.AdvanceTo(rest.Start, rest.End);
            await connection.Output.FlushAsync();
        }
    }

    private static ReadOnlySequence<byte> Answer(ReadOnlySequence<byte> requests, PipeWriter output)
    {
        var reader = new SequenceReader<byte>(requests);
        while (reader.TryReadTo(out ReadOnlySequence<byte> _, EndOfHead))
        {
            output.Write(s_answer);
        }

        return reader.UnreadSequence;
    }
}
