using System.Net;
using System.Net.Sockets;
using System.Text;

namespace HttpGet;

/// <summary>Serves one small page from an ordinary socket of the operating system, on the loopback.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    private const int LongestRequest = 16 * 1024;

    private const string Page =
        """
        <!DOCTYPE html>
        <html>
          <head><title>It works</title></head>
          <body>
            <h1>It works</h1>
            <p>An ordinary socket served this page. It was fetched by a TCP/IP stack that lives in one process,
            over Ethernet frames that no network card ever saw.</p>
          </body>
        </html>

        """;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    public DemoServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _serving; // it may be about to accept: the listener goes after it
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                await AnswerAsync(client.GetStream());
            }
        }
        catch (OperationCanceledException)
        {
            // Disposal.
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        byte[] body = Encoding.UTF8.GetBytes(Page.ReplaceLineEndings("\n"));
        string head = $"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {body.Length}\r\n"
            + "Connection: close\r\n\r\n";
        try
        {
            if (!await ReadRequestAsync(stream))
                return;

            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _stopping.Token);
            await stream.WriteAsync(body, _stopping.Token);
            stream.Socket.Shutdown(SocketShutdown.Send);

            // The client closes first or soon after; to close with its bytes unread would reset the connection.
            byte[] rest = new byte[256];
            while (await stream.ReadAsync(rest, _stopping.Token) > 0)
            {
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // The client left. The next one may stay.
        }
    }

    private async Task<bool> ReadRequestAsync(NetworkStream stream)
    {
        byte[] request = new byte[LongestRequest];
        int length = 0;
        while (request.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            int read = length == request.Length ? 0 : await stream.ReadAsync(request.AsMemory(length), _stopping.Token);
            if (read == 0)
                return false;

            length += read;
        }

        return true;
    }
}
