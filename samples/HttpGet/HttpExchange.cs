using System.Buffers;
using System.IO.Pipelines;

namespace HttpGet;

/// <summary>One page by HTTP/1.1 (RFC 9112): the request written, and the answer read, straight on pipes.</summary>
internal sealed class HttpExchange(PipeReader input, PipeWriter output)
{
    private const int MostFields = 256;
    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);
    private string _status = "";
    private long _bodyBytes;

    /// <summary>The same over a stream, such as that of TLS.</summary>
    public static HttpExchange Over(Stream stream) => new(PipeReader.Create(stream), PipeWriter.Create(stream));

    /// <summary>Asks for a page, and answers status and reason.</summary>
    public async Task<string> AskAsync(Uri url, CancellationToken stop)
    {
        string host = url.IsDefaultPort ? url.IdnHost : $"{url.IdnHost}:{url.Port}";
        Encoding.ASCII.GetBytes(
            $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nConnection: close\r\n\r\n", output);
        await output.FlushAsync(stop);
        while (true)
        {
            string line = await ReadLineAsync(stop);
            if (!line.StartsWith("HTTP/1.", StringComparison.Ordinal) || line.Length < 12)
                throw new InvalidDataException($"The server did not answer in HTTP/1: {line}");

            _fields.Clear();
            await ReadFieldsAsync(stop);
            _status = line[9..12];
            if (_status[0] != '1') // early hints and the like
                return line[9..];
        }
    }

    /// <summary>Copies the body, however its end is told (RFC 9112 §6.3), and answers its length.</summary>
    public async Task<long> CopyBodyAsync(Stream destination, CancellationToken stop)
    {
        if (_status is "204" or "304")
            return 0;

        if (_fields.TryGetValue("Transfer-Encoding", out string? coding))
        {
            if (!coding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
                throw new InvalidDataException($"The server used a coding that was not asked for: {coding}");

            while (Number(await ReadLineAsync(stop), NumberStyles.AllowHexSpecifier) is > 0 and long size)
            {
                await CopyAsync(size, destination, stop);
                if (await ReadLineAsync(stop) is { Length: > 0 } line)
                    throw new InvalidDataException($"A chunk is longer than it says: {line}");
            }

            await ReadFieldsAsync(stop);
        }
        else if (_fields.TryGetValue("Content-Length", out string? length))
            await CopyAsync(Number(length, NumberStyles.None), destination, stop);
        else
            await CopyAsync(null, destination, stop);
        return _bodyBytes;
    }

    private async Task ReadFieldsAsync(CancellationToken stop)
    {
        while (await ReadLineAsync(stop) is { Length: > 0 } line)
        {
            if (line.Split(':', 2) is not [string name, string value] || _fields.Count == MostFields)
                throw new InvalidDataException($"The server sent a header that makes no sense, or too many: {line}");

            _fields[name] = value.Trim();
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken stop)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync(stop);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                string text = Encoding.Latin1.GetString(read.Buffer.Slice(0, end)).TrimEnd('\r');
                input.AdvanceTo(read.Buffer.GetPosition(1, end));
                return text;
            }

            if (read.IsCompleted || read.Buffer.Length > 8 * 1024)
                throw new InvalidDataException("The server ended within a line, or sent one of more than 8 KiB.");

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private async Task CopyAsync(long? length, Stream destination, CancellationToken stop)
    {
        long left = length ?? long.MaxValue;
        for (bool isEnd = false; left > 0 && !isEnd;)
        {
            ReadResult read = await input.ReadAsync(stop);
            ReadOnlySequence<byte> piece = read.Buffer.Slice(0, Math.Min(left, read.Buffer.Length));
            foreach (ReadOnlyMemory<byte> bytes in piece)
                await destination.WriteAsync(bytes, stop);
            left -= piece.Length;
            _bodyBytes += piece.Length;
            isEnd = read.IsCompleted;
            input.AdvanceTo(piece.End);
        }

        if (left > 0 && length is not null)
            throw new EndOfStreamException($"The connection ended within the body: {left} bytes are missing.");
    }

    private static long Number(string text, NumberStyles style) =>
        long.TryParse(text.Split(';')[0].TrimEnd(), style, CultureInfo.InvariantCulture, out long number) && number >= 0
            ? number : throw new InvalidDataException($"The server sent a length that is none: {text}");
}
