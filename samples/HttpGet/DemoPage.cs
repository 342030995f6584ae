namespace HttpGet;

/// <summary>A small page of an ordinary socket of the operating system.</summary>
internal static class DemoPage
{
    private const string Page = "<!DOCTYPE html>\n<title>It works</title>\n<p>An ordinary socket served this page. A "
        + "TCP/IP stack inside one process fetched it, over frames that no network card saw.</p>\n";

    /// <summary>Serves it once, until the listener is disposed of, and answers its URL.</summary>
    public static string Serve(TcpListener listener)
    {
        listener.Start();
        _ = ServeAsync(listener);
        return $"http://{listener.LocalEndpoint}/";
    }

    private static async Task ServeAsync(TcpListener listener)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        while (await reader.ReadLineAsync() is { Length: > 0 });
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {Page.Length}\r\n\r\n{Page}"));
    }
}
