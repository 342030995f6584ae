using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Diagnostics;

/// <summary>The socket by which <c>usertcp ss</c> looks into a process, and clients that mean no good.</summary>
public sealed class DiagnosticsEndpointTests : IAsyncLifetime
{
    private const string Request = """{"version":1,"query":"sockets"}""" + "\n";

    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("usertcp").FullName, "d");
    private readonly FakeTimeProvider _time = new();
    private StackPair _pair = null!;

    public async ValueTask InitializeAsync() => _pair = await StackPair.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _pair.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);
    }

    [Fact]
    public async Task It_tells_of_the_stack_its_listeners_and_its_connections()
    {
        await using UserTcpDiagnosticsEndpoint endpoint = Start();
        await using UserTcpListener listener = await _pair.Server.ListenAsync(80);
        await using UserTcpConnection client = await _pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        await using UserTcpConnection server = await listener.AcceptAsync();
        await client.Output.WriteAsync(new byte[5]);
        await server.Input.ReadAtLeastAsync(5);

        JsonElement[] lines = await AskAsync(endpoint, Request);
        JsonElement stack = lines[0].GetProperty("stack"), listening = lines[1].GetProperty("listener"),
            connection = lines[2].GetProperty("connection");
        Assert.Equal(4, lines.Length);
        Assert.Equal((1, Environment.ProcessId, "Running", 1), (Int(stack, "version"), Int(stack, "process_id"),
            Text(stack, "state"), Int(stack, "connections")));
        Assert.Equal(("0.0.0.0:80", 1, 0), (Text(listening, "local"), Int(listening, "accepted"),
            Int(listening, "pending")));
        Assert.Equal(("10.0.0.2:80", client.LocalEndPoint.ToString(), "Established", 5, 5), (Text(connection, "local"),
            Text(connection, "remote"), Text(connection, "state"), Int(connection, "receive_queue"),
            Int(connection, "bytes_received")));
        Assert.Equal(server.GetInfo().SendSegmentSize, Int(connection, "segment_size"));
        Assert.Equal(2, Int(lines[3], "end"));
    }

    [Fact]
    public async Task It_answers_before_the_start_and_after_the_end_of_the_stack()
    {
        var stack = new UserTcpStack(StackPair.Options(
            VirtualLink.CreatePair().First, IPAddress.Parse("10.0.0.3")));
        await using UserTcpDiagnosticsEndpoint endpoint = UserTcpDiagnosticsEndpoint.Start(stack, Options());
        JsonElement[] before = await AskAsync(endpoint, Request);
        await stack.StartAsync();
        await using UserTcpListener listener = await stack.ListenAsync(80);
        JsonElement[] during = await AskAsync(endpoint, Request);
        await stack.DisposeAsync();
        JsonElement[] after = await AskAsync(endpoint, Request);

        Assert.Equal(("Created", "Running", "Stopped"), (Text(before[0].GetProperty("stack"), "state"),
            Text(during[0].GetProperty("stack"), "state"), Text(after[0].GetProperty("stack"), "state")));
        Assert.Equal((0, 1, 0), (Int(before[^1], "end"), Int(during[^1], "end"), Int(after[^1], "end")));
    }

    [Fact]
    public async Task Only_the_owner_has_rights_and_the_socket_goes_with_the_endpoint()
    {
        UserTcpDiagnosticsEndpoint endpoint = Start();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(endpoint.SocketPath));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(_folder));
        }

        Assert.Equal([endpoint.SocketPath], Directory.GetFiles(_folder));
        await endpoint.DisposeAsync();
        await endpoint.DisposeAsync();

        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task An_endpoint_whose_folder_was_removed_ends_as_any_other()
    {
        UserTcpDiagnosticsEndpoint endpoint = Start();
        Directory.Delete(_folder, recursive: true);
        await endpoint.DisposeAsync();
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public void A_folder_that_is_open_to_others_is_refused()
    {
        if (OperatingSystem.IsWindows())
            return; // access control lists there

        Directory.CreateDirectory(_folder);
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.GroupWrite);

        var error = Assert.Throws<UnauthorizedAccessException>(Start);
        Assert.Contains($"chmod 700 {_folder}", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_name_that_is_too_long_for_a_socket_is_refused()
    {
        var options = new UserTcpDiagnosticsEndpointOptions { Folder = Path.Combine(_folder, new string('x', 100)) };

        var error = Assert.Throws<ArgumentException>(() => UserTcpDiagnosticsEndpoint.Start(_pair.Server, options));
        Assert.Contains("Folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sockets_that_nobody_listens_on_are_removed_and_others_stay()
    {
        await using UserTcpDiagnosticsEndpoint first = Start();
        string dead = Path.Combine(_folder, "1-1.sock"), full = Path.Combine(_folder, "2-1.sock");
        using (Socket socket = Unix())
            socket.Bind(new UnixDomainSocketEndPoint(dead + "~"));
        using Socket left = Unix();
        left.Bind(new UnixDomainSocketEndPoint(dead));
        using Socket silent = Unix(); // it listens and never accepts, and its queue is full
        silent.Bind(new UnixDomainSocketEndPoint(full));
        silent.Listen(0);
        using Socket waiting = Unix();
        waiting.Blocking = false;
        waiting.Connect(new UnixDomainSocketEndPoint(full));

        await using UserTcpDiagnosticsEndpoint second = Start();

        Assert.Equal(
            new[] { first.SocketPath, second.SocketPath, full }.Order(), Directory.GetFiles(_folder).Order());
    }

    [Theory]
    [InlineData("""{"version":2,"query":"sockets"}""" + "\n", "Version 2 is not spoken here, but 1.")]
    [InlineData("""{"version":1,"query":"secrets"}""" + "\n", "There is no query 'secrets'")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "no JSON object")]
    [InlineData("null\n", "Version  is not spoken")]
    [InlineData("[[[[[[[[\n", "no JSON object")]
    [InlineData("\n", "no JSON object")]
    public async Task A_request_that_makes_no_sense_is_told_why(string request, string words)
    {
        await using UserTcpDiagnosticsEndpoint endpoint = Start();

        JsonElement[] lines = await AskAsync(endpoint, request);
        Assert.Contains(words, Text(Assert.Single(lines), "error"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_without_an_end_is_cut_off()
    {
        await using UserTcpDiagnosticsEndpoint endpoint = Start();

        JsonElement[] lines = await AskAsync(endpoint, new string('{', DiagnosticsServer.MaxRequestBytes));
        Assert.Contains("no JSON object", Text(Assert.Single(lines), "error"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_that_say_nothing_give_their_places_back()
    {
        await using UserTcpDiagnosticsEndpoint endpoint = Start();
        var silent = new List<Socket>();
        for (int i = 0; i < DiagnosticsServer.MaxClients; i++)
            silent.Add(await ConnectAsync(endpoint));
        for (int i = 0; i < 50; i++)
        {
            JsonElement[] refused = await AskAsync(endpoint, Request, mayBeReset: true);
            Assert.Contains("as many clients as it may", Text(refused[0], "error"), StringComparison.Ordinal);
        }

        foreach (Socket client in silent)
        {
            Task<int> closed = client.ReceiveAsync(new byte[1]);
            await AdvanceUntilAsync(closed);
            Assert.Equal(0, await closed);
            client.Dispose();
        }

        await EndOfSessionsAsync(endpoint);
    }

    [Fact]
    public async Task Clients_that_leave_at_any_moment_harm_nobody()
    {
        await using UserTcpDiagnosticsEndpoint endpoint = Start();
        int served = 0;
        for (int i = 0; i < 200; i++)
        {
            using Socket client = await ConnectAsync(endpoint);
            try
            {
                await client.SendAsync(Encoding.UTF8.GetBytes(Request)[..(i % (Request.Length + 1))]);
            }
            catch (SocketException)
            {
                continue; // too many at once: the endpoint left first
            }

            served++;
            if (i % 3 == 0)
                client.Close(0);
        }

        Assert.InRange(served, DiagnosticsServer.MaxClients, 200);
        await EndOfSessionsAsync(endpoint);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_left_and_others_are_served_meanwhile()
    {
        string path = Path.Combine(_folder, "9-9.sock");
        DiagnosticsFolder.Prepare(_folder);
        TaskCompletionSource begun = new(), left = new();
        await using DiagnosticsServer server = DiagnosticsServer.Start(
            path, () => Endless(begun, left), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, _time);
        using Socket slow = await ConnectAsync(path);
        await slow.SendAsync(Encoding.UTF8.GetBytes(Request));
        using Socket other = await ConnectAsync(path);
        await other.SendAsync("x\n"u8.ToArray());
        Assert.NotEmpty(await ReadAllAsync(other));

        await begun.Task.WaitAsync(StackPair.Guard);
        await AdvanceUntilAsync(left.Task); // the limit for the piece that it was sent last
    }

    [Fact]
    public async Task The_end_of_an_endpoint_ends_its_sessions()
    {
        UserTcpDiagnosticsEndpoint endpoint = Start();
        using Socket silent = await ConnectAsync(endpoint);
        await AskAsync(endpoint, Request); // it accepts in order: the silent one is served

        await endpoint.DisposeAsync().AsTask().WaitAsync(StackPair.Guard);

        Assert.Equal(0, await silent.ReceiveAsync(new byte[1]));
    }

    private static IEnumerable<DiagnosticsLine> Endless(TaskCompletionSource begun, TaskCompletionSource left)
    {
        begun.SetResult();
        try
        {
            while (true)
                yield return new DiagnosticsLine { Error = new string('x', 1000) };
        }
        finally
        {
            left.SetResult();
        }
    }

    private async Task AdvanceUntilAsync(Task over)
    {
        while (!over.IsCompleted)
        {
            _time.Advance(DiagnosticsServer.Patience);
            await Task.Yield();
        }
    }

    // The last clients may still be leaving when others come.
    private async Task EndOfSessionsAsync(UserTcpDiagnosticsEndpoint endpoint)
    {
        JsonElement[] lines;
        do
        {
            lines = await AskAsync(endpoint, Request, mayBeReset: true);
        }
        while (lines[0].TryGetProperty("error", out _));
        Assert.Equal(0, Int(lines[^1], "end"));
    }

    private UserTcpDiagnosticsEndpointOptions Options() => new() { Folder = _folder, TimeProvider = _time };

    private UserTcpDiagnosticsEndpoint Start() => UserTcpDiagnosticsEndpoint.Start(_pair.Server, Options());

    private static Socket Unix() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static Task<Socket> ConnectAsync(UserTcpDiagnosticsEndpoint endpoint) => ConnectAsync(endpoint.SocketPath);

    private static async Task<Socket> ConnectAsync(string path)
    {
        while (true)
        {
            Socket socket = Unix();
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path)).WaitAsync(StackPair.Guard);
                return socket;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.WouldBlock)
            {
                socket.Dispose(); // the queue is full of clients that have left: the system says so at once
                await Task.Yield();
            }
        }
    }

    private static async Task<JsonElement[]> AskAsync(
        UserTcpDiagnosticsEndpoint endpoint, string request, bool mayBeReset = false)
    {
        using Socket socket = await ConnectAsync(endpoint);
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(request));
        }
        catch (SocketException) when (mayBeReset)
        {
            // It was refused before it could ask; the reason can be read all the same.
        }

        string answer = await ReadAllAsync(socket, mayBeReset);
        return [.. answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static async Task<string> ReadAllAsync(Socket socket, bool mayBeReset = false)
    {
        var text = new MemoryStream();
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer).WaitAsync(StackPair.Guard) is > 0 and int read)
                text.Write(buffer, 0, read);
        }
        catch (SocketException) when (mayBeReset && text.Length > 0)
        {
            // A request that nobody read makes of a close a reset.
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
