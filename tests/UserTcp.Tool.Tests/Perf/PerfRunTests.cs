using System.Net;
using System.Text.Json;
using UserTcp.Tool.Network;
using UserTcp.Tool.Perf;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Perf;

/// <summary>Client and server over two stacks, joined in memory.</summary>
public sealed class PerfRunTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public async Task Both_sides_end_with_the_same_numbers(int streams, bool isReverse)
    {
        string link = $"virtual:perf{streams}{isReverse}";
        await using ToolRun server = await ServeAsync(link, "--json", "-1");
        string[] direction = isReverse ? ["-R"] : [];
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-n", "20M", "-P", $"{streams}", .. direction, "-J", .. Client(link)]);

        Assert.True(await client.Ended == 0, client.Error);
        Assert.True(await server.Ended == 0, server.Error + server.Out);
        JsonElement end = client.Json.GetProperty("end");
        Assert.Equal(streams, end.GetProperty("streams").GetArrayLength());
        if (isReverse)
            Assert.True(Bytes(end, "sum_received") >= 20 << 20);
        else
            Assert.Equal(20 << 20, Bytes(end, "sum_sent"));
        Assert.Equal(
            isReverse ? 1 : 0,
            client.Json.GetProperty("start").GetProperty("test_start").GetProperty("reverse").GetInt32());
        JsonElement other = server.Json.GetProperty("end");
        foreach (string sum in (string[])["sum_sent", "sum_received"])
            Assert.Equal(Bytes(end, sum), Bytes(other, sum));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_stream_receives_no_more_than_was_sent(bool isReverse)
    {
        string link = $"virtual:perfcounts{isReverse}";
        await using ToolRun server = await ServeAsync(link, "--json", "-1");
        string[] direction = isReverse ? ["-R"] : [];
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-t", "1", "-l", "1M", "-P", "3", .. direction, "-J", .. Client(link)]);

        Assert.True(await client.Ended == 0, client.Error);
        Assert.Equal(0, await server.Ended);
        JsonElement end = client.Json.GetProperty("end");
        foreach (JsonElement stream in end.GetProperty("streams").EnumerateArray())
            Assert.InRange(Bytes(stream, "receiver"), 0, Bytes(stream, "sender"));
        // One stream may have had no turn in its second.
        Assert.True(Bytes(end, "sum_received") > 0, "Nothing arrived.");
    }

    [Fact]
    public async Task Streams_are_numbered_as_they_were_opened_and_not_as_their_cookies_came()
    {
        const string link = "virtual:perforder";
        await using ToolRun server = await ServeAsync(link, "--json", "-1");
        var settings = new NetworkSettings { Link = link, Address = UserTcpAddress.Parse("10.0.0.1/24") };
        await using NetworkSession session = await NetworkSession.OpenAsync(settings, CancellationToken.None);
        var port = new IPEndPoint(IPAddress.Parse("10.0.0.2"), 5201);
        await using var control = new ControlChannel(await session.Stack.ConnectAsync(port));
        string cookie = PerfCookie.Create();
        await control.SendCookieAsync(cookie, CancellationToken.None);
        await control.ExpectAsync(PerfState.ParameterExchange, CancellationToken.None);
        await control.SendTextAsync(new PerfParameters { Streams = 3 }.ToJson(), CancellationToken.None);
        await control.ExpectAsync(PerfState.CreateStreams, CancellationToken.None);

        List<ControlChannel> streams = [];
        for (int i = 0; i < 3; i++)
            streams.Add(new ControlChannel(await session.Stack.ConnectAsync(port)));
        foreach (ControlChannel stream in Enumerable.Reverse(streams))
            await stream.SendCookieAsync(cookie, CancellationToken.None);
        await control.ExpectAsync(PerfState.TestStart, CancellationToken.None);
        await control.ExpectAsync(PerfState.TestRunning, CancellationToken.None);
        await control.SendAsync(PerfState.ClientTerminate, CancellationToken.None);

        Assert.Equal(1, await server.Ended);
        Assert.Equal(
            streams.Select(stream => (long)stream.Connection.LocalEndPoint.Port),
            server.Json.GetProperty("start").GetProperty("connected").EnumerateArray()
                .Select(stream => Long(stream, "remote_port")));
        foreach (ControlChannel stream in streams)
            await stream.DisposeAsync();
    }

    [Fact]
    public async Task The_document_has_the_names_of_iperf3()
    {
        const string link = "virtual:perfnames";
        await using ToolRun server = await ServeAsync(link, "--json", "-1");
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-n", "32K", "-l", "8K", "-b", "500M", "-w", "64K", "-J", .. Client(link)]);

        Assert.True(await client.Ended == 0, client.Error);
        Assert.Equal(0, await server.Ended);
        JsonElement start = client.Json.GetProperty("start");
        Assert.Equal("10.0.0.2", start.GetProperty("connecting_to").GetProperty("host").GetString());
        Assert.Equal(5201, start.GetProperty("connecting_to").GetProperty("port").GetInt32());
        Assert.Equal(65_536, start.GetProperty("sock_bufsize").GetInt64());
        Assert.Equal(65_536, start.GetProperty("sndbuf_actual").GetInt64());
        Assert.Equal(65_536, start.GetProperty("rcvbuf_actual").GetInt64());
        Assert.Equal(500_000_000, start.GetProperty("target_bitrate").GetInt64());
        Assert.Equal(500_000_000, start.GetProperty("test_start").GetProperty("target_bitrate").GetInt64());

        JsonElement accepted = server.Json.GetProperty("start").GetProperty("accepted_connection");
        Assert.Equal("10.0.0.1", accepted.GetProperty("host").GetString());
        Assert.False(start.TryGetProperty("accepted_connection", out _));

        JsonElement[] told = [.. client.Json.GetProperty("intervals").EnumerateArray()
            .Select(interval => interval.GetProperty("streams")[0])];
        JsonElement sender = client.Json.GetProperty("end").GetProperty("streams")[0].GetProperty("sender");
        Assert.Equal(told.Max(item => Long(item, "snd_cwnd")), Long(sender, "max_snd_cwnd"));
        Assert.Equal(told.Max(item => Long(item, "snd_wnd")), Long(sender, "max_snd_wnd"));
        Assert.Equal(told.Min(item => Long(item, "rtt")), Long(sender, "min_rtt"));
        Assert.Equal(told.Max(item => Long(item, "rtt")), Long(sender, "max_rtt"));
        Assert.Equal(told.Sum(item => Long(item, "rtt")) / told.Length, Long(sender, "mean_rtt"));
        // Half of the buffer stays free even if the server reads nothing: the window is never shut.
        Assert.InRange(Long(sender, "max_snd_wnd"), 1, 65_536);
    }

    [Fact]
    public async Task A_failure_is_a_document_too()
    {
        await using ToolRun refused = await ToolRun.ToEndAsync("perf", "-c", "127.0.0.1", "-p", "1", "--json");
        await using ToolRun wrong = await ToolRun.ToEndAsync(
            "perf", "-c", "10.0.0.2", "--json", "--link", "tap:no-such-interface-here", "--address", "10.0.0.1/24");

        Assert.Equal((1, 1), (await refused.Ended, await wrong.Ended));
        foreach (ToolRun run in (ToolRun[])[refused, wrong])
        {
            string error = run.Json.GetProperty("error").GetString()!;
            Assert.Contains(error, run.Error, StringComparison.Ordinal);
            Assert.Equal(0, run.Json.GetProperty("intervals").GetArrayLength());
            Assert.Empty(run.Json.GetProperty("end").EnumerateObject());
        }

        Assert.Contains("refused", refused.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, refused.Json.GetProperty("start").GetProperty("connecting_to").GetProperty("port").GetInt32());
    }

    [Fact]
    public async Task A_test_that_is_given_up_is_a_document_at_both_sides()
    {
        const string link = "virtual:perfgivenup";
        await using ToolRun server = await ServeAsync(link, "--json", "-1");
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-t", "600", "-i", "0.1", "--json", .. Client(link)]);
        await server.ErrorLineAsync("Accepted connection");
        client.Interrupt();

        Assert.Equal((130, 1), (await client.Ended, await server.Ended));
        Assert.Contains("interrupt", client.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(server.Json.GetProperty("error").GetString()!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_rate_is_kept_by_whoever_sends(bool isReverse)
    {
        const long rate = 16_000_000, block = 16 << 10;
        string link = $"virtual:perfrate{isReverse}";
        await using ToolRun server = await ServeAsync(link, "--json", "-1");
        string[] direction = isReverse ? ["-R"] : [];
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-n", "512K", "-l", "16K", "-b", "16M", .. direction, "-J", .. Client(link)]);

        Assert.True(await client.Ended == 0, client.Error);
        Assert.Equal(0, await server.Ended);
        JsonElement sent = (isReverse ? server : client).Json.GetProperty("end").GetProperty("sum_sent");

        // However slow the machine is: never more than the rate allows, but for the block that is ahead of it.
        double most = rate * sent.GetProperty("seconds").GetDouble() + block * 8;
        Assert.InRange(sent.GetProperty("bytes").GetInt64() * 8, (512 << 10) * 8 - block * 8, most);
    }

    [Theory]
    [InlineData("reno", "newreno", "-C", "reno", "-M", "500", "-w", "64K", "-S", "0x20", "-N")]
    [InlineData("reno, reversed", "newreno", "-C", "reno", "-M", "500", "-w", "64K", "-S", "0x20", "-R")]
    [InlineData("usual", "cubic")]
    public async Task Both_sides_open_their_streams_as_the_client_says(
        string name, string control, params string[] options)
    {
        string link = $"virtual:perfoptions{name}";
        await using ToolRun server = await ServeAsync(link, "--json", "-1");
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-n", "1M", .. options, "-J", .. Client(link)]);

        Assert.True(await client.Ended == 0, client.Error);
        Assert.Equal(0, await server.Ended);
        foreach (JsonElement told in (JsonElement[])[client.Json, server.Json])
        {
            JsonElement end = told.GetProperty("end");
            Assert.Equal(control, end.GetProperty("sender_tcp_congestion").GetString());
            Assert.Equal(control, end.GetProperty("receiver_tcp_congestion").GetString());
            int segment = told.GetProperty("start").GetProperty("tcp_mss_default").GetInt32();
            Assert.Equal(options.Contains("-M"), segment <= 500);
        }
    }

    [Fact]
    public async Task A_client_that_nobody_hears_of_any_more_ends()
    {
        const string link = "virtual:perfdeafclient";
        await using ToolRun server = await ServeAsync(link);
        await using ToolRun client = ToolRun.StartWithOutput(
            new BrokenStream(BrokenStream.BrokenPipe, after: 60),
            ["perf", "-c", "10.0.0.2", "-t", "600", "-i", "0.1", .. Client(link)]);

        Assert.Equal(141, await client.Ended);
        Assert.Empty(client.Error);
    }

    [Fact]
    public async Task A_server_that_nobody_hears_of_any_more_ends()
    {
        const string link = "virtual:perfdeafserver";
        var output = new BrokenStream(BrokenStream.BrokenPipe, after: 30);
        await using ToolRun server = ToolRun.StartWithOutput(
            output, "perf", "-s", "--link", link, "--address", "10.0.0.2/24");
        await output.Written; // that it listens; that somebody has come cannot be written any more
        await using ToolRun client = ToolRun.Start(["perf", "-c", "10.0.0.2", "-t", "600", .. Client(link)]);

        Assert.Equal(141, await server.Ended);
        Assert.Empty(server.Error);
        Assert.Equal(1, await client.Ended);
    }

    [Fact]
    public async Task What_does_not_count_ends_when_it_is_over_and_not_when_the_next_interval_is()
    {
        var told = new TaskCompletionSource<PerfInterval>(TaskCreationOptions.RunContinuationsAsynchronously);
        var parameters = new PerfParameters { OmitSeconds = 1 };
        await using var transfer = new PerfTransfer(
            parameters, isClient: true, TimeSpan.FromHours(1), interval => told.TrySetResult(interval));
        transfer.Start();
        PerfInterval first = await told.Task.WaitAsync(TimeSpan.FromMinutes(5));

        Assert.True(first.IsOmitted);
        Assert.InRange(first.End, 1, double.MaxValue);
    }

    [Fact]
    public async Task Redirected_it_prints_the_lines_of_iperf3()
    {
        await using ToolRun server = await ServeAsync("virtual:perflines", "-1");
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-t", "1", "-i", "0.5", "-P", "2", .. Client("virtual:perflines")]);

        Assert.Equal(0, await client.Ended);
        Assert.Equal(0, await server.Ended);
        Assert.StartsWith("Connecting to host 10.0.0.2, port 5201", client.Out, StringComparison.Ordinal);
        Assert.Matches(@"\[  3\] local 10\.0\.0\.1 port \d+ connected to 10\.0\.0\.2 port 5201", client.Out);
        Assert.Matches(@"\[SUM\]   0\.00-\d\.\d\d   sec ", client.Out);
        Assert.Matches(@"\[SUM\]   0\.00-\d+\.\d\d +sec .*bits/sec +\d+ +sender", client.Out);
        Assert.Contains("Accepted connection from 10.0.0.1", server.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', client.Out + server.Out);
    }

    [Fact]
    public async Task A_server_that_nobody_runs_is_exit_code_1()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("perf", "-c", "127.0.0.1", "-p", "1");

        Assert.Equal(1, await run.Ended);
        Assert.Contains("refused the connection", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_at_the_client_ends_the_test_at_the_server_too()
    {
        await using ToolRun server = await ServeAsync("virtual:perfstop", "-1");
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-t", "600", "-i", "0.1", .. Client("virtual:perfstop")]);
        await client.OutLineAsync("[ ID]");
        client.Interrupt();

        Assert.Equal(130, await client.Ended);
        Assert.Equal(1, await server.Ended);
        Assert.Contains("The client has given up", server.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_at_the_server_ends_the_test_at_the_client_too()
    {
        await using ToolRun server = await ServeAsync("virtual:perfkill");
        await using ToolRun client = ToolRun.Start(
            ["perf", "-c", "10.0.0.2", "-t", "600", "-i", "0.1", .. Client("virtual:perfkill")]);
        await client.OutLineAsync("[ ID]");
        server.Interrupt();

        Assert.Equal(130, await server.Ended);
        Assert.Equal(1, await client.Ended);
        Assert.Contains("The server has given up", client.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_last_word_is_sent_though_there_is_no_time_to_wait_for_room()
    {
        var here = new NetworkSettings { Link = "virtual:perfword", Address = UserTcpAddress.Parse("10.0.0.1/24") };
        NetworkSettings there = here with { Address = UserTcpAddress.Parse("10.0.0.2/24") };
        await using NetworkSession client = await NetworkSession.OpenAsync(here, CancellationToken.None);
        await using NetworkSession server = await NetworkSession.OpenAsync(there, CancellationToken.None);
        await using UserTcpListener listener = await server.Stack.ListenAsync(5201);
        await using var reader = new ControlChannel(
            await client.Stack.ConnectAsync(new IPEndPoint(IPAddress.Parse("10.0.0.2"), 5201)));
        await using (var writer = new ControlChannel(await listener.AcceptAsync()))
            await writer.SayGoodbyeAsync(PerfState.ServerTerminate, TimeSpan.Zero);

        Assert.Equal(PerfState.ServerTerminate, await reader.ReadStateAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("perf")]
    [InlineData("perf", "-s", "-c", "10.0.0.2")]
    [InlineData("perf", "-s")]
    [InlineData("perf", "-c", "10.0.0.2", "-t", "0")]
    [InlineData("perf", "-c", "10.0.0.2", "-P", "129")]
    [InlineData("perf", "-c", "10.0.0.2", "-n", "12X")]
    [InlineData("perf", "-c", "10.0.0.2", "-l", "2M")]
    [InlineData("perf", "-c", "10.0.0.2", "-b", "fast")]
    [InlineData("perf", "-c", "10.0.0.2", "-b", "10M/0")]
    [InlineData("perf", "-c", "10.0.0.2", "-b", "-1")]
    [InlineData("perf", "-c", "10.0.0.2", "-M", "10")]
    [InlineData("perf", "-c", "10.0.0.2", "-S", "256")]
    [InlineData("perf", "-c", "10.0.0.2", "-C", "bbr")]
    [InlineData("perf", "-c", "10.0.0.2", "-w", "1G")]
    [InlineData("perf", "-c", "10.0.0.2", "-i", "NaN")]
    public async Task Options_that_make_no_sense_are_refused(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal(2, await run.Ended);
    }

    private static string[] Client(string link) => ["--link", link, "--address", "10.0.0.1/24"];

    private static async Task<ToolRun> ServeAsync(string link, params string[] more)
    {
        ToolRun server = ToolRun.Start(["perf", "-s", "--link", link, "--address", "10.0.0.2/24", .. more]);
        await (more.Contains("--json")
            ? server.ErrorLineAsync("Server listening")
            : server.OutLineAsync("Server listening"));
        return server;
    }

    private static long Long(JsonElement json, string name) => json.GetProperty(name).GetInt64();

    private static long Bytes(JsonElement end, string sum) => end.GetProperty(sum).GetProperty("bytes").GetInt64();
}
