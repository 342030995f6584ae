using System.Net;
using System.Net.NetworkInformation;
using UserTcp.Tool.Ping;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

public sealed class PingTests
{
    [Fact]
    public async Task Answers_are_counted_and_the_exit_code_is_0()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "ping", "10.0.2.2", "-c", "3", "-i", "0.01", "-s", "100", "-W", "60");

        Assert.Equal(0, await run.Ended);
        Assert.Contains("100 bytes from 10.0.2.2: icmp_seq=3 time=", run.Out, StringComparison.Ordinal);
        Assert.Contains("3 packets transmitted, 3 received, 0% packet loss", run.Out, StringComparison.Ordinal);
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
    public void The_summary_is_that_of_ping()
    {
        var summary = new PingSummary();
        foreach (double milliseconds in (double[])[1, 2, 3])
        {
            summary.Add(new UserTcpPingReply(
                IPStatus.Success, IPAddress.Loopback, TimeSpan.FromMilliseconds(milliseconds), 56));
        }

        summary.Add(new UserTcpPingReply(IPStatus.TimedOut, IPAddress.Any, TimeSpan.Zero, 0));

        Assert.Equal(
            ["4 packets transmitted, 3 received, 25% packet loss", "rtt min/avg/max/mdev = 1.000/2.000/3.000/0.816 ms"],
            summary.Lines());
    }
}
