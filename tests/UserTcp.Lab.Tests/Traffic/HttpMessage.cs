using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace UserTcp.Lab.Tests.Traffic;

/// <summary>The head of an HTTP/1 message: its first line, and the two fields that the lab cares for.</summary>
internal sealed record HttpMessage(string FirstLine, long ContentLength, bool IsLast)
{
    private static readonly byte[] s_end = "\r\n\r\n"u8.ToArray();

    /// <summary>Reads a head; null if the peer ended the connection before it.</summary>
    public static async Task<HttpMessage?> ReadAsync(PipeReader input, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync(cancellationToken);
            if (TryFind(read.Buffer, out ReadOnlySequence<byte> head, out SequencePosition end))
            {
                HttpMessage message = Parse(Encoding.ASCII.GetString(head));
                input.AdvanceTo(end);
                return message;
            }

            bool isEmpty = read.Buffer.IsEmpty;
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
                return isEmpty ? null : throw new InvalidDataException("The connection ended within a head.");
        }
    }

    private static bool TryFind(
        ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> head, out SequencePosition end)
    {
        var reader = new SequenceReader<byte>(buffer);
        bool found = reader.TryReadTo(out head, s_end);
        end = reader.Position;
        return found;
    }

    private static HttpMessage Parse(string head)
    {
        string[] lines = head.Split("\r\n");
        string? length = Field(lines, "Content-Length:");
        bool isLast = Field(lines, "Connection:") is { } connection
            ? connection.Equals("close", StringComparison.OrdinalIgnoreCase)
            : lines[0].Contains("HTTP/1.0", StringComparison.Ordinal);
        return new HttpMessage(lines[0], length is null ? 0 : long.Parse(length, CultureInfo.InvariantCulture), isLast);
    }

    private static string? Field(string[] lines, string name) =>
        lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.OrdinalIgnoreCase))?[name.Length..].Trim();
}
