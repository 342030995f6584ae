using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Sockets;

/// <summary><c>ss</c> against stacks in this process, a real other process, and endpoints that are none.</summary>
public sealed class SocketsCommandTests : IDisposable
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(60);

    private readonly string _home = Directory.CreateTempSubdirectory("ut").FullName;

    private string Folder => Path.Combine(_home, "usertcp");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task Listeners_and_connections_are_shown_as_ss_does()
    {
        string link = $"virtual:{Guid.NewGuid():N}";
        await using UserTcpStack server = await UserTcpStack.OpenAsync(link, "10.0.0.2/24");
        await using UserTcpStack client = await UserTcpStack.OpenAsync(link, "10.0.0.1/24");
        await using UserTcpDiagnosticsEndpoint endpoint = UserTcpDiagnosticsEndpoint.Start(
            server, new UserTcpDiagnosticsEndpointOptions { Folder = Folder });
        await using UserTcpListener listener = await server.ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, 80), Backlog = 17 });
        await using UserTcpConnection connection = await client.ConnectAsync(IPAddress.Parse("10.0.0.2"), 80);
        await using UserTcpConnection accepted = await listener.AcceptAsync();
        await connection.Output.WriteAsync(new byte[7]);
        await accepted.Input.ReadAtLeastAsync(7);

        await using ToolRun all = await ToolRun.ToEndAsync("ss", "-tina", "--socket", Folder);
        await using ToolRun listeners = await ToolRun.ToEndAsync("ss", "-l", "--socket", endpoint.SocketPath);
        await using ToolRun json = await ToolRun.ToEndAsync("ss", "--json", "--socket", Folder);

        string name = Path.GetFileNameWithoutExtension(Environment.ProcessPath)!;
        string process = $"users:((\"{name}\",pid={Environment.ProcessId}))";
        string[] lines = all.Out.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((0, 0, 0), (await all.Ended, await listeners.Ended, await json.Ended));
        Assert.Equal(4, lines.Length);
        Assert.Matches("^State +Recv-Q +Send-Q +Local Address:Port +Peer Address:Port +Process$", lines[0]);
        Assert.Equal(["LISTEN", "0", "17", "0.0.0.0:80", "0.0.0.0:*", process], Words(lines[1]));
        Assert.Equal(["ESTAB", "7", "0", "10.0.0.2:80", $"{connection.LocalEndPoint}", process], Words(lines[2]));
        Assert.Matches(@"^\t ts sack .*cubic wscale:\d+,\d+ rto:\d.* mss:1448 pmtu:1500 advmss:1460 cwnd:10 .*"
            + @"bytes_received:7 segs_out:\d+ segs_in:\d+ .*lastack:\d+ .*rcv_space:\d+ .*snd_wnd:\d+ "
            + @"rcv_wnd:\d+$", lines[3]);
        Assert.Equal(2, listeners.Out.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Length);
        JsonElement told = json.Json[0];
        Assert.Equal(Environment.ProcessId, told.GetProperty("stack").GetProperty("process_id").GetInt32());
        Assert.Equal(17, told.GetProperty("listeners")[0].GetProperty("backlog").GetInt32());
        Assert.Equal("Established", told.GetProperty("connections")[0].GetProperty("state").GetString());
    }

    [Fact]
    public async Task Another_process_is_found_and_its_socket_is_no_trap_when_it_was_killed()
    {
        using var peer = new TcpListener(IPAddress.Loopback, 0);
        peer.Start();
        int port = ((IPEndPoint)peer.LocalEndpoint).Port;
        using Process child = StartNetcat(port);
        using Socket accepted = await AcceptAsync(peer, child);

        await using ToolRun found = await ToolRun.ToEndAsync("ss", "-ti", "--socket", Folder, "--pid", $"{child.Id}");
        await using ToolRun other = await ToolRun.ToEndAsync("ss", "-ti", "--socket", Folder, "--pid", "1");
        Assert.Equal((0, 1), (await found.Ended, await other.Ended));
        Assert.Matches($@"ESTAB .*:{port} .*pid={child.Id}\)", found.Out);
        Assert.Contains("No process 1 of this user", other.Error, StringComparison.Ordinal);

        child.Kill();
        await child.WaitForExitAsync().WaitAsync(s_guard);
        string left = Assert.Single(Directory.GetFiles(Folder));
        await using ToolRun none = await ToolRun.ToEndAsync("ss", "--socket", Folder);
        using Process next = StartNetcat(port);
        using Socket again = await AcceptAsync(peer, next);
        await using ToolRun alive = await ToolRun.ToEndAsync("ss", "--socket", Folder);
        Assert.Equal((1, 0), (await none.Ended, await alive.Ended));
        Assert.NotEqual(left, Assert.Single(Directory.GetFiles(Folder)));

        next.StandardInput.Close(); // an end in order takes the socket along
        again.Close();
        await next.WaitForExitAsync().WaitAsync(s_guard);
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Theory]
    [InlineData("", "not complete")]
    [InlineData("{\"end\":0}\n", "does not begin with the stack")]
    [InlineData("{\"stack\":{}}\n{\"end\":1}\n", "not complete")]
    [InlineData("{\"error\":\"busy\"}\n", "busy")]
    [InlineData("garbage\n", "did not answer")]
    [InlineData("null\n", "an empty line")]
    [InlineData("{\"stack\":{\"process\":\"\\u001b[2J\"}}\n{\"end\":0}\n", null)]
    public async Task Endpoints_that_lie_are_told_of(string answer, string? words)
    {
        Directory.CreateDirectory(Folder);
        string path = Path.Combine(Folder, "7-1.sock");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Task lying = AnswerAsync(listener, answer);
        await using ToolRun run = await ToolRun.ToEndAsync("ss", "-a", "--socket", path);

        Assert.Equal(words is null ? 0 : 1, await run.Ended);
        Assert.Contains(words ?? "", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Out);
        await lying;
    }

    [Fact]
    public async Task A_line_without_an_end_is_not_kept()
    {
        Directory.CreateDirectory(Folder);
        string path = Path.Combine(Folder, "7-1.sock");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Task lying = AnswerAsync(listener, new string(' ', 1 << 20));
        await using ToolRun run = await ToolRun.ToEndAsync("ss", "--socket", path);

        Assert.Equal(1, await run.Ended);
        Assert.Contains("without an end", run.Error, StringComparison.Ordinal);
        await lying;
    }

    [Fact]
    public async Task Where_nobody_opted_in_the_way_to_do_so_is_told()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("ss", "--socket", _home);

        Assert.Equal(1, await run.Ended);
        Assert.Contains("UserTcpDiagnosticsEndpoint.Start(stack)", run.Error, StringComparison.Ordinal);
        Assert.Contains("--diagnostics", run.Error, StringComparison.Ordinal);
    }

    // The gateway has a connection to the peer before the stack has one to the gateway: text has come through both.
    private static async Task<Socket> AcceptAsync(TcpListener peer, Process netcat)
    {
        Socket accepted = await peer.AcceptSocketAsync().WaitAsync(s_guard);
        await accepted.SendAsync("hello\n"u8.ToArray());
        Assert.Equal("hello", await netcat.StandardOutput.ReadLineAsync().WaitAsync(s_guard));
        return accepted;
    }

    private static async Task AnswerAsync(Socket listener, string answer)
    {
        using Socket client = await listener.AcceptAsync().WaitAsync(s_guard);
        await client.ReceiveAsync(new byte[100]);
        try
        {
            await client.SendAsync(Encoding.UTF8.GetBytes(answer));
        }
        catch (SocketException)
        {
            // It has heard enough.
        }
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private Process StartNetcat(int port) => Process.Start(new ProcessStartInfo("dotnet")
    {
        ArgumentList =
        {
            Path.Combine(AppContext.BaseDirectory, "UserTcp.Tool.dll"), "nc", "127.0.0.1", $"{port}", "--diagnostics",
        },
        Environment = { ["XDG_RUNTIME_DIR"] = _home },
        RedirectStandardInput = true, RedirectStandardOutput = true,
    })!;
}
