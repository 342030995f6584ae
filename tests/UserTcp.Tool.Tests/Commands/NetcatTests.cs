using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

public sealed class NetcatTests
{
    [Fact]
    public async Task Two_of_them_exchange_what_they_are_given_and_both_end()
    {
        byte[] upwards = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100_000)));
        byte[] downwards = "and back"u8.ToArray();
        await using ToolRun server = ToolRun.StartWithInput(
            new MemoryStream(downwards), "nc", "-l", "9000", "-v", "--link", "virtual:nc", "--address", "10.0.0.2/24");
        await server.ErrorLineAsync("Listening on 10.0.0.2:9000");
        await using ToolRun client = ToolRun.StartWithInput(
            new MemoryStream(upwards), "nc", "10.0.0.2", "9000", "-v", "--link", "virtual:nc",
            "--address", "10.0.0.1/24");

        Assert.Equal(0, await client.Ended);
        Assert.Equal(0, await server.Ended);
        Assert.Equal(upwards, server.Bytes);
        Assert.Equal(downwards, client.Bytes);
        Assert.Contains("Connection from 10.0.0.1:", server.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_can_be_reached_through_the_gateway()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("nc", "-l", "9000");

        Assert.Equal(2, await run.Ended);
        Assert.Contains("use --link DEV", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_connection_is_exit_code_1()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("nc", "127.0.0.1", "1");

        Assert.Equal(1, await run.Ended);
        Assert.Contains("refused the connection", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_waits_in_vain_gives_up_in_time()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "nc", "-l", "9000", "-w", "0.05", "--link", "virtual:vain", "--address", "10.0.0.2/24");

        Assert.Equal(1, await run.Ended);
        Assert.Contains("Nobody came in time", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_listener()
    {
        await using ToolRun run = ToolRun.Start(
            "nc", "-l", "9000", "-v", "--link", "virtual:interrupted", "--address", "10.0.0.2/24");
        await run.ErrorLineAsync("Listening");
        run.Interrupt();

        Assert.Equal(130, await run.Ended);
    }

    [Fact]
    public async Task An_input_that_fails_is_told_though_the_peer_is_silent()
    {
        await using ToolRun server = ToolRun.StartWithInput(
            new EndlessSilence(), "nc", "-l", "9000", "-v", "--link", "virtual:badinput", "--address", "10.0.0.2/24");
        await server.ErrorLineAsync("Listening");
        await using ToolRun client = ToolRun.StartWithInput(
            new BrokenStream(failure: 21), "nc", "10.0.0.2", "9000", "--link", "virtual:badinput",
            "--address", "10.0.0.1/24");

        Assert.Equal(1, await client.Ended);
        Assert.Contains("The standard input cannot be read", client.Error, StringComparison.Ordinal);

        // What the input still had to say is not known: to the peer that is no regular end.
        Assert.Equal(1, await server.Ended);
        Assert.Contains("The connection broke", server.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(28, 1)]
    [InlineData(BrokenStream.BrokenPipe, 141)]
    public async Task An_output_that_fails_is_not_the_connections_fault(int failure, int code)
    {
        string link = $"virtual:badoutput{failure}";
        await using ToolRun server = ToolRun.StartWithInput(
            new MemoryStream(new byte[100_000]), "nc", "-l", "9000", "-v", "--link", link, "--address", "10.0.0.2/24");
        await server.ErrorLineAsync("Listening");
        await using ToolRun client = ToolRun.StartWithOutput(
            new BrokenStream(failure), "nc", "10.0.0.2", "9000", "--link", link, "--address", "10.0.0.1/24");

        Assert.Equal(code, await client.Ended);
        string told = code == 1 ? "usertcp nc: The standard output cannot be written: It failed." : "";
        Assert.Equal(told, client.Error.Trim());
    }

    [Fact]
    public async Task A_listener_that_is_kept_open_serves_one_after_the_other_and_loses_nothing_of_its_input()
    {
        var input = new Pipe();
        await using ToolRun run = ToolRun.StartWithInput(
            input.Reader.AsStream(),
            "nc", "-l", "-k", "9000", "-v", "--link", "virtual:kept", "--address", "10.0.0.2/24");
        await run.ErrorLineAsync("Listening");
        await using UserTcpStack stack = await UserTcpStack.OpenAsync("virtual:kept", "10.0.0.1/24");

        // The first one ends while the input waits; what comes then is for the second one.
        await using (UserTcpConnection first = await ConnectAsync(stack))
        {
            await EndAsync(first, "one ");
            Assert.Equal("", await ReadAsync(first));
        }

        await using (UserTcpConnection second = await ConnectAsync(stack))
        {
            await run.ErrorLineAsync($"Connection from {second.LocalEndPoint}");
            await input.Writer.WriteAsync("for the second"u8.ToArray());
            ReadResult read = await second.Input.ReadAtLeastAsync("for the second".Length);
            Assert.Equal("for the second", Encoding.ASCII.GetString(read.Buffer));
            second.Input.AdvanceTo(read.Buffer.End);
            await EndAsync(second, "two ");
            Assert.Equal("", await ReadAsync(second));
        }

        (await ConnectAsync(stack)).Abort();
        await run.ErrorLineAsync("The connection broke");
        await input.Writer.CompleteAsync();
        await using (UserTcpConnection last = await ConnectAsync(stack))
        {
            Assert.Equal("", await ReadAsync(last));
            await EndAsync(last, "the fourth");
            await run.ErrorLineAsync(" 10 B received");
        }

        run.Interrupt();
        Assert.Equal(130, await run.Ended);
        Assert.Equal("one two the fourth", run.Out);

        static ValueTask<UserTcpConnection> ConnectAsync(UserTcpStack stack) =>
            stack.ConnectAsync(IPAddress.Parse("10.0.0.2"), 9000);

        static async Task EndAsync(UserTcpConnection connection, string text)
        {
            await connection.Output.WriteAsync(Encoding.ASCII.GetBytes(text));
            connection.ShutdownOutput();
        }

        static async Task<string> ReadAsync(UserTcpConnection connection)
        {
            using var reader = new StreamReader(connection.Input.AsStream());
            return await reader.ReadToEndAsync();
        }
    }

    [Fact]
    public async Task A_scan_tells_which_ports_take_connections_and_sends_nothing()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        string port = $"{((IPEndPoint)server.LocalEndpoint).Port}";
        await using ToolRun run = await ToolRun.ToEndAsync("nc", "-z", "127.0.0.1", port);
        using TcpClient client = await server.AcceptTcpClientAsync();

        Assert.Equal(0, await run.Ended);
        Assert.Equal($"Connection to 127.0.0.1 {port} port [tcp/*] succeeded!", run.Error.Trim());
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]));
    }

    [Fact]
    public async Task A_scan_of_closed_ports_is_exit_code_1_and_tells_of_them_with_v()
    {
        await using ToolRun silent = await ToolRun.ToEndAsync("nc", "-z", "127.0.0.1", "1-3");
        await using ToolRun verbose = await ToolRun.ToEndAsync("nc", "-zv", "127.0.0.1", "3-1");

        Assert.Equal((1, 1), (await silent.Ended, await verbose.Ended));
        Assert.Empty(silent.Error);
        Assert.Equal(3, verbose.Error.Split("refused the connection").Length - 1);
    }

    [Theory]
    [InlineData("nc", "-k", "10.0.0.1", "80")]
    [InlineData("nc", "-z", "-l", "80")]
    [InlineData("nc", "-z", "10.0.0.1", "80-")]
    [InlineData("nc", "-z", "10.0.0.1", "80-65536")]
    [InlineData("nc", "10.0.0.1", "80-81")]
    public async Task Options_that_do_not_fit_are_refused(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal(2, await run.Ended);
        Assert.StartsWith("usertcp nc: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nc", "10.0.0.1", "80", "-w", "-1")]
    [InlineData("nc", "10.0.0.1", "80", "-w", "NaN")]
    [InlineData("nc", "-l", "80", "-w", "-1")]
    public async Task Seconds_that_make_no_sense_are_refused(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            [.. args, "--link", "virtual:never", "--address", "10.0.0.2/24"]);

        Assert.Equal(2, await run.Ended);
        Assert.StartsWith("usertcp nc: --wait takes seconds", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nc", "10.0.0.1")]
    [InlineData("nc", "-l", "10.0.0.1", "80")]
    [InlineData("nc", "10.0.0.1", "65536")]
    public async Task A_port_and_a_host_have_to_be_there(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal(2, await run.Ended);
    }
}
