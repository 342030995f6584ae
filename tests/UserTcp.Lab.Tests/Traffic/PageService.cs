using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace UserTcp.Lab.Tests.Traffic;

/// <summary>
/// A small HTTP/1.1 server over pipes: GET yields a page by its name, PUT takes bytes and remembers their hash. Serves
/// kernel sockets and our own connections alike.
/// </summary>
internal sealed class PageService(IEnumerable<Page> pages)
{
    private readonly Dictionary<string, Page> _pages = pages.ToDictionary(p => p.Name);

    /// <summary>What was uploaded: the hash by the name.</summary>
    public ConcurrentDictionary<string, string> Uploads { get; } = new();

    /// <summary>Answers requests until the client says that it has no more.</summary>
    public async Task ServeAsync(IDuplexPipe connection, CancellationToken cancellationToken)
    {
        while (await HttpMessage.ReadAsync(connection.Input, cancellationToken) is { } request)
        {
            string[] words = request.FirstLine.Split(' ');
            byte[]? body = words[0] switch
            {
                "GET" => _pages.GetValueOrDefault(words[1].TrimStart('/'))?.Bytes,
                "PUT" => await TakeAsync(connection, request, words[1], cancellationToken),
                _ => null,
            };
            await AnswerAsync(connection.Output, body, request.IsLast, cancellationToken);
            if (request.IsLast)
                break;
        }
    }

    private async Task<byte[]> TakeAsync(
        IDuplexPipe connection, HttpMessage request, string path, CancellationToken cancellationToken)
    {
        string hash = await ByteHash.OfAsync(connection.Input, request.ContentLength, cancellationToken);
        Uploads[path.TrimStart('/')] = hash;
        return Encoding.ASCII.GetBytes(hash);
    }

    private static async Task AnswerAsync(
        PipeWriter output, byte[]? body, bool isLast, CancellationToken cancellationToken)
    {
        string status = body is null ? "404 Not Found" : "200 OK";
        string connection = isLast ? "close" : "keep-alive";
        string length = (body?.Length ?? 0).ToString(CultureInfo.InvariantCulture);
        string head = $"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n";
        Encoding.ASCII.GetBytes(head, output);
        await output.FlushAsync(cancellationToken);
        if (body is not null)
            await output.WriteAsync(body, cancellationToken);
    }
}
