using System.Net;
using System.Net.NetworkInformation;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Tool.Network;
using UserTcp.Tool.Ping;
using UserTcp.Tool.Terminal;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

public sealed class PingTests
{
    /// <summary>Only to fail where a test would hang; nothing waits for it.</summary>
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Answers_are_counted_and_the_exit_code_is_0()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "ping", "10.0.2.2", "-c", "3", "-i", "1", "-s", "100", "-W", "60");

        Assert.Equal(0, await run.Ended);
        Assert.StartsWith("PING 10.0.2.2 (10.0.2.2) 100(128) bytes of data.", run.Out, StringComparison.Ordinal);
        Assert.Contains("108 bytes from 10.0.2.2: icmp_seq=3 ttl=64 time=", run.Out, StringComparison.Ordinal);
        Assert.Contains("3 packets transmitted, 3 received, 0% packet loss, time ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_is_exit_code_1()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "ping", "10.77.0.9", "-c", "1", "-W", "0.05", "--link", "virtual:silent", "--address", "10.77.0.1/24");

        Assert.Equal(1, await run.Ended);
        Assert.Contains("1 packets transmitted, 0 received, 100% packet loss", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_route_is_exit_code_2()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "ping", "10.78.0.1", "-c", "1", "--link", "virtual:nowhere", "--address", "10.77.0.1/24");

        Assert.Equal(2, await run.Ended);
        Assert.StartsWith("usertcp ping: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BrokenStream.BrokenPipe, 141, "")]
    [InlineData(28, 2, "usertcp ping: The standard output cannot be written: It failed.")]
    public async Task It_ends_when_nobody_hears_of_it_any_more(int failure, int code, string told)
    {
        await using ToolRun run = ToolRun.StartWithOutput(
            new BrokenStream(failure, after: 60), "ping", "10.0.2.2", "-i", "0.01", "-W", "60");

        Assert.Equal(code, await run.Ended);
        Assert.Equal(told, run.Error.Trim());
    }

    [Theory]
    [InlineData("-c", "0")]
    [InlineData("-i", "0")]
    [InlineData("-W", "-1")]
    [InlineData("-s", "5000")]
    [InlineData("-s", "-1")]
    [InlineData("-t", "0")]
    [InlineData("-t", "256")]
    public async Task Options_out_of_range_are_refused_before_anything_is_said(string option, string value)
    {
        await using ToolRun run = await ToolRun.ToEndAsync("ping", "10.0.2.2", option, value);

        Assert.Equal(2, await run.Ended);
        Assert.Empty(run.Out);
        Assert.StartsWith("usertcp ping: --", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.2.2", "--gateway", "10.78.0.1")]
    [InlineData("10.0.2.2", "--address", "0.0.0.0/24")]
    [InlineData("10.0.2.2", "--link", "nonsense:x", "--address", "10.0.0.1/24")]
    [InlineData("224.0.0.1")]
    public async Task Parameters_of_the_library_are_nobody_elses_business(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(["ping", "-c", "1", .. args]);

        Assert.Equal(2, await run.Ended);
        Assert.StartsWith("usertcp ping: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_leave_without_waiting_for_answers_and_late_answers_are_told()
    {
        using var link = new PeerLink(LinkDevice.Open("virtual:late")) { StopsAfterEcho = true };
        await using UserTcpStack peer = await OpenAsync(link);
        var requests = new RequestCounter(4);
        using var text = new StringWriter();
        using var console = new ToolConsole
        {
            Input = Stream.Null, Output = Stream.Null, Out = TextWriter.Synchronized(text), Error = TextWriter.Null,
        };
        await using NetworkSession session = await NetworkSession.OpenAsync(
            new NetworkSettings
            {
                Link = "virtual:late", Address = UserTcpAddress.Parse("10.77.0.1/24"), Tap = requests,
            },
            CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var plan = new PingPlan
        {
            Interval = TimeSpan.FromMilliseconds(5),
            Options = new UserTcpPingOptions { Timeout = TimeSpan.FromMinutes(5), DataLength = 56 },
        };
        Task<PingSummary> run = new PingRun(session, plan, new EchoWatch(), new ToolOutput(console, false, true))
            .RunAsync("peer", IPAddress.Parse("10.77.0.9"), stop.Token);

        // The peer receives nothing between the first request and the fourth.
        await requests.Reached.WaitAsync(s_guard);
        link.GoOn();
        using var guard = new CancellationTokenSource(s_guard);
        while (!Enumerable.Range(1, 4).All(number => Told().Contains($"icmp_seq={number} ", StringComparison.Ordinal)))
            await session.Stack.PingAsync(IPAddress.Parse("10.77.0.9"), plan.Options, guard.Token);
        await stop.CancelAsync();
        PingSummary summary = await run.WaitAsync(s_guard);

        Assert.InRange(summary.Received, 4, summary.Sent);
        Assert.Contains("64 bytes from 10.77.0.9: icmp_seq=4 ttl=64 time=", Told(), StringComparison.Ordinal);

        string Told()
        {
            lock (console.Out) // as its own methods do
                return text.ToString();
        }
    }

    [Fact]
    public async Task Duplicates_are_told_and_counted_beside_the_answers()
    {
        using var link = new PeerLink(LinkDevice.Open("virtual:twice")) { SendsTwice = true };
        await using UserTcpStack peer = await OpenAsync(link);
        await using ToolRun run = ToolRun.Start(
            "ping", "10.77.0.9", "-i", "0.01", "-W", "60", "--link", "virtual:twice", "--address", "10.77.0.1/24");
        string line = await run.OutLineAsync("(DUP!)");
        run.Interrupt();

        Assert.Equal(0, await run.Ended);
        Assert.Matches(@"^64 bytes from 10\.77\.0\.9: icmp_seq=\d+ ttl=64 time=[\d.]+ ms \(DUP!\)$", line);
        Assert.Matches(@"received, \+\d+ duplicates, ", run.Out);
    }

    [Fact]
    public void The_summary_is_that_of_ping()
    {
        var summary = new PingSummary { Sent = 5, Duplicates = 2, Elapsed = TimeSpan.FromMilliseconds(4003.4) };
        foreach (double milliseconds in (double[])[1, 2, 3])
        {
            summary.Add(new UserTcpPingReply
            {
                Status = IPStatus.Success, RoundTripTime = TimeSpan.FromMilliseconds(milliseconds),
            });
        }

        summary.Add(new UserTcpPingReply { Status = IPStatus.DestinationHostUnreachable });

        Assert.Equal(
            [
                "5 packets transmitted, 3 received, +2 duplicates, +1 errors, 40% packet loss, time 4003ms",
                "rtt min/avg/max/mdev = 1.000/2.000/3.000/0.816 ms",
            ],
            summary.Lines());
    }

    private static ValueTask<UserTcpStack> OpenAsync(LinkDevice link) => UserTcpStack.OpenAsync(
        new UserTcpStackOptions { Link = link, Addresses = { UserTcpAddress.Parse("10.77.0.9/24") } });

    /// <summary>Tells when a number of ICMP messages was sent.</summary>
    private sealed class RequestCounter(int wanted) : IPacketTap
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task Reached => _reached.Task;

        public void OnPacket(in PacketTapContext packet)
        {
            if (packet.Direction == PacketDirection.Sent && packet.Frame[12] == 8 && packet.Frame[23] == 1
                && ++_count == wanted)
                _reached.SetResult();
        }
    }
}
