using System.Net;
using System.Text;

namespace UserTcp.Tool.Get;

/// <summary>The content of a request, which a redirect or a new attempt may send again.</summary>
internal sealed class RequestBody
{
    private const string StandardInput = "-";
    private readonly Func<Stream> _open;
    private readonly bool _isOnce;
    private bool _isTaken;

    private RequestBody(Func<Stream> open, long? length, bool isOnce)
    {
        _open = open;
        _isOnce = isOnce;
        Length = length;
    }

    /// <summary>In bytes; null if it is not known before the end.</summary>
    public long? Length { get; }

    /// <summary>The bytes that went out with the last request.</summary>
    public long Sent { get; private set; }

    /// <summary>
    /// The texts of <c>-d</c>, with ampersands between; <c>@FILE</c> is that of a file, without its line ends.
    /// </summary>
    /// <exception cref="ToolException">A file cannot be read.</exception>
    public static async Task<RequestBody> OfFormAsync(
        IReadOnlyList<string> pieces, Stream input, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        for (int i = 0; i < pieces.Count; i++)
        {
            if (i > 0)
                all.WriteByte((byte)'&');
            byte[] piece = pieces[i].StartsWith('@')
                ? [.. (await ReadAsync(pieces[i][1..], input, cancellationToken)).Where(letter =>
                    letter is not ((byte)'\r' or (byte)'\n' or 0))]
                : Encoding.UTF8.GetBytes(pieces[i]);
            all.Write(piece);
        }

        byte[] bytes = all.ToArray();
        return new RequestBody(() => new MemoryStream(bytes, writable: false), bytes.Length, isOnce: false);
    }

    /// <summary>A file of <c>-T</c>; a dash is the standard input, which can be sent once.</summary>
    /// <exception cref="ToolException">The file cannot be read.</exception>
    public static RequestBody OfFile(string path, Stream input)
    {
        if (path == StandardInput)
            return new RequestBody(() => input, length: null, isOnce: true);

        using FileStream file = Open(path);
        return new RequestBody(() => Open(path), file.CanSeek ? file.Length : null, isOnce: !file.CanSeek);
    }

    /// <summary>Reads all of a file; a dash is the standard input.</summary>
    /// <exception cref="ToolException">It cannot be read.</exception>
    public static async Task<byte[]> ReadAsync(string path, Stream input, CancellationToken cancellationToken)
    {
        await using Stream file = path == StandardInput ? input : Open(path);
        using var bytes = new MemoryStream();
        try
        {
            await file.CopyToAsync(bytes, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }

        return bytes.ToArray();
    }

    public HttpContent MakeContent()
    {
        Sent = 0;
        return new Content(this);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unreadable(path, error);
        }
    }

    private static ToolException Unreadable(string path, Exception error) =>
        new(Failure.Read, $"'{path}' cannot be read: {ToolException.WordsOf(error)}", error);

    private async Task SendAsync(Stream destination, CancellationToken cancellationToken)
    {
        if (_isOnce && _isTaken)
        {
            throw new ToolException(
                Failure.Rewind, "The server wants the content again, and the standard input can be read once.");
        }

        _isTaken = true;
        await using Stream source = _open();
        byte[] buffer = new byte[64 * 1024];
        int count;
        while ((count = await ReadAsync(source, buffer, cancellationToken)) > 0)
        {
            await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            Sent += count;
        }
    }

    // A read of a terminal or a pipe does not listen to the token.
    private static async Task<int> ReadAsync(Stream source, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => source.ReadAsync(buffer, cancellationToken).AsTask(), cancellationToken)
                .WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Read, $"The content cannot be read: {error.Message}", error);
        }
    }

    private sealed class Content(RequestBody body) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            body.SendAsync(stream, CancellationToken.None);

        protected override Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            body.SendAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length ?? 0;
            return body.Length is not null;
        }
    }
}
