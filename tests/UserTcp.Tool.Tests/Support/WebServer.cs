using System.Net;
using System.Net.Sockets;
using System.Text;

namespace UserTcp.Tool.Tests.Support;

/// <summary>An ordinary socket that gives every request the same bytes and closes.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly Task _serving;

    public WebServer(string head, byte[] body)
    {
        _answer = [.. Encoding.ASCII.GetBytes(head.ReplaceLineEndings("\r\n") + "\r\n\r\n"), .. body];
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";

    public string? LastRequest { get; private set; }

    /// <summary>What is answered in place of a head and a body.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>Whether connections end with a reset.</summary>
    public bool Resets { get; init; }

    /// <summary>Whether nothing is answered at all.</summary>
    public bool IsSilent { get; init; }

    // Not the listener first: it cannot be asked for a client any more once it has stopped.
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await AnswerAsync(client);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        NetworkStream stream = client.GetStream();
        try
        {
            LastRequest = await ReadHeadAsync(stream);
            if (!IsSilent)
                await stream.WriteAsync(Bytes ?? _answer, _stop.Token);
            if (Resets)
            {
                client.Client.Close(timeout: 0); // without the shutdown of TcpClient, which would send a FIN
                return;
            }

            // What was left unread would make a reset of the FIN.
            client.Client.Shutdown(SocketShutdown.Send);
            await stream.CopyToAsync(Stream.Null, _stop.Token);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // The client has heard enough.
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && (text.Length == 0 || text[0] == 'G'))
        {
            int count = await stream.ReadAsync(buffer, _stop.Token);
            if (count == 0)
                break;
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }
}
