using System.IO.Pipelines;
using System.Net;
using System.Text;

namespace UserTcp.Lab.Tests.Traffic;

/// <summary>Fetches pages over our own TCP, one connection for each, and compares every byte by its hash.</summary>
internal static class PageClient
{
    /// <summary>Fetches one page to the FIN of the server; throws if anything is not as it should be.</summary>
    public static async Task GetAsync(
        UserTcpStack stack, IPEndPoint server, Page page, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection = await stack.ConnectAsync(server, null, cancellationToken);
        await GetAsync(connection, page, cancellationToken);
    }

    /// <summary>The same over an open pair of pipes, whatever is below them.</summary>
    public static async Task GetAsync(IDuplexPipe connection, Page page, CancellationToken cancellationToken)
    {
        string request = $"GET /{page.Name} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n";
        await connection.Output.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        HttpMessage? head = await HttpMessage.ReadAsync(connection.Input, cancellationToken);
        if (head is null || head.FirstLine.Split(' ')[1] != "200" || head.ContentLength != page.Bytes.Length)
            throw new InvalidDataException($"{page}: the answer was '{head}'.");

        string hash = await ByteHash.OfAsync(connection.Input, head.ContentLength, cancellationToken);
        if (hash != page.Hash)
            throw new InvalidDataException($"{page}: the bytes are not those of the page.");

        await ByteHash.EndAsync(connection.Input, cancellationToken);
    }

    /// <summary>Fetches many, some at a time; a failure names its page and its place in the order.</summary>
    public static async Task<int> GetAllAsync(
        UserTcpStack stack, IPEndPoint server, IReadOnlyList<Page> pages, int atATime, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        int complete = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = atATime, CancellationToken = patience.Token };
        await Parallel.ForAsync(0, pages.Count, options, async (i, cancellationToken) =>
        {
            try
            {
                await GetAsync(stack, server, pages[i], cancellationToken);
                Interlocked.Increment(ref complete);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Request {i} ({pages[i]}), after {complete} complete ones.", e);
            }
        });
        return complete;
    }
}
