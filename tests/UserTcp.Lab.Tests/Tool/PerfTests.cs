using System.Globalization;
using System.Text.Json;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Tool;

/// <summary><c>usertcp perf</c> and the iperf3 of others, both ways.</summary>
public sealed class PerfTests
{
    private const string OneSecond = "-t 1";
    private const long SomeBytes = 50 << 20;
    private const long BlockBytes = 128 << 10;
    private const long MostBuffered = (4 << 20) + (32 << 20); // sender and receiver, whichever is the kernel

    [LabTheory]
    [InlineData("")]
    [InlineData("-R")]
    [InlineData("-P 4")]
    [InlineData("-P 4 -R")]
    [InlineData("-O 1", "-t 3")] // each side ends by its own clock what does not count
    public async Task Our_client_measures_with_iperf3(string options, string time = OneSecond)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        System.Diagnostics.Process server = lab.Peer.Start("iperf3", "-s", "-1", "--forceflush");
        Assert.Contains("---", await server.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Contains("listening", await server.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        ToolProcess client = ToolProcess.Start(
            lab, ["perf", "-c", $"{LabNetwork.PeerAddress}", "--json", .. $"{time} {options}".Trim().Split(' ')]);
        using JsonDocument result = JsonDocument.Parse(await client.EndAsync());
        string told = await server.StandardOutput.ReadToEndAsync();

        JsonElement end = result.RootElement.GetProperty("end");
        string[] words = options.Split(' ');
        Assert.Equal(words.Contains("-P") ? 4 : 1, end.GetProperty("streams").GetArrayLength());
        Check(end, isOursToSend: !words.Contains("-R") && !words.Contains("-O"));
        Assert.DoesNotContain("error", told, StringComparison.Ordinal);
        Assert.Contains(words.Contains("-R") ? "sender" : "receiver", told, StringComparison.Ordinal);
    }

    [LabTheory]
    [InlineData("")]
    [InlineData("-R")]
    [InlineData("-P 4")]
    [InlineData("-P 4 -R")]
    [InlineData("-O 1 -R", "-t 3")]
    public async Task Iperf3_measures_with_our_server(string options, string time = OneSecond)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        ToolProcess server = ToolProcess.Start(lab, "perf", "-s", "-1");
        await server.LineAsync("Server listening");
        string json = lab.Peer.Exec($"timeout 60 iperf3 -c {LabNetwork.Address(50)} {time} {options} --json");
        string told = await server.EndAsync();

        using JsonDocument result = JsonDocument.Parse(json);
        Assert.False(result.RootElement.TryGetProperty("error", out JsonElement error), $"{error}");
        Check(result.RootElement.GetProperty("end"), isOursToSend: options.Contains("-R") && !options.Contains("-O"));
        Assert.Contains("receiver", told, StringComparison.Ordinal);
    }

    [LabTheory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Our_client_measures_both_directions_with_iperf3_and_shows_its_words(int streams)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        System.Diagnostics.Process server = lab.Peer.Start("iperf3", "-s", "-1", "--forceflush");
        Assert.Contains("---", await server.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Contains("listening", await server.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        ToolProcess client = ToolProcess.Start(
            lab, "perf", "-c", $"{LabNetwork.PeerAddress}", "-B", $"{LabNetwork.Address(50)}", "--bidir", "-t", "1",
            "-P", $"{streams}", "--get-server-output", "--connect-timeout", "20000", "--json");
        using JsonDocument result = JsonDocument.Parse(await client.EndAsync());
        string told = await server.StandardOutput.ReadToEndAsync();

        CheckBothDirections(result.RootElement.GetProperty("end"), streams);
        Assert.Contains("[TX-S]", told, StringComparison.Ordinal);
        Assert.Contains(
            "[RX-S]", result.RootElement.GetProperty("server_output_text").GetString(), StringComparison.Ordinal);
    }

    [LabTheory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Iperf3_measures_both_directions_with_our_server_and_shows_its_words(int streams)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        ToolProcess server = ToolProcess.Start(lab, "perf", "-s", "-1", "-B", $"{LabNetwork.Address(50)}");
        await server.LineAsync("Server listening");
        string json = lab.Peer.Exec($"timeout 60 iperf3 -c {LabNetwork.Address(50)} {OneSecond} --bidir -P {streams} "
            + "--get-server-output --json");
        await server.EndAsync();

        using JsonDocument result = JsonDocument.Parse(json);
        Assert.False(result.RootElement.TryGetProperty("error", out JsonElement error), $"{error}");
        CheckBothDirections(result.RootElement.GetProperty("end"), streams);
        Assert.Contains(
            "[TX-S]", result.RootElement.GetProperty("server_output_text").GetString(), StringComparison.Ordinal);
    }

    [LabTheory]
    [InlineData("")]
    [InlineData("-R")]
    public async Task Blocks_mean_the_same_to_iperf3(string direction)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        System.Diagnostics.Process server = lab.Peer.Start("iperf3", "-s", "-1", "--forceflush");
        Assert.Contains("---", await server.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Contains("listening", await server.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        ToolProcess client = ToolProcess.Start(
            lab, ["perf", "-c", $"{LabNetwork.PeerAddress}", .. $"-k 80 --json {direction}".Trim().Split(' ')]);
        using JsonDocument result = JsonDocument.Parse(await client.EndAsync());

        JsonElement end = result.RootElement.GetProperty("end");
        if (direction.Length == 0)
            Assert.Equal(80 * BlockBytes, Bytes(end, "sum_sent"));
        Assert.InRange(Bytes(end, "sum_received"), direction.Length == 0 ? 1 : 80 * BlockBytes, long.MaxValue);
    }

    [LabTheory]
    [InlineData("-R -b 20M", 20e6)]
    [InlineData("-R -b 10M -P 2", 20e6)]
    [InlineData("-R --fq-rate 20M -w 64K", 20e6)] // what is written counts, and waits in the buffer
    [InlineData("-b 20M -M 600 -w 64K -S 0x20 -N", 20e6)]
    public async Task Iperf3_gets_the_rate_that_it_asks_for(string options, double rate)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        ToolProcess server = ToolProcess.Start(lab, "perf", "-s", "-1");
        await server.LineAsync("Server listening");
        string json = lab.Peer.Exec($"timeout 60 iperf3 -c {LabNetwork.Address(50)} {OneSecond} {options} --json");
        await server.EndAsync();

        using JsonDocument result = JsonDocument.Parse(json);
        JsonElement sent = result.RootElement.GetProperty("end").GetProperty("sum_sent");

        // Each of two streams may be a block of 128 KiB ahead.
        double ahead = 2 * BlockBytes * 8 / sent.GetProperty("seconds").GetDouble();
        Assert.InRange(sent.GetProperty("bits_per_second").GetDouble(), 1, rate + ahead);
    }

    [LabFact]
    public async Task Iperf3_hears_that_our_server_has_no_such_congestion_control()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        ToolProcess server = ToolProcess.Start(lab, "perf", "-s");
        await server.LineAsync("Server listening");
        ShellResult result = lab.Peer.TryExec($"timeout 60 iperf3 -C vegas -c {LabNetwork.Address(50)} {OneSecond}");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("unable to set TCP_CONGESTION", result.Error, StringComparison.Ordinal);
        await server.LineAsync("The client asks for the congestion control 'vegas'");
    }

    [LabFact]
    public async Task Iperf3_hears_that_our_server_does_not_speak_udp()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        ToolProcess server = ToolProcess.Start(lab, "perf", "-s");
        await server.LineAsync("Server listening");
        ShellResult result = lab.Peer.TryExec($"timeout 60 iperf3 -u -c {LabNetwork.Address(50)} {OneSecond}");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("not implemented", result.Error, StringComparison.Ordinal);
    }

    [LabFact]
    public async Task A_second_client_is_turned_away_while_a_test_runs()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        ToolProcess server = ToolProcess.Start(lab, "perf", "-s");
        await server.LineAsync("Server listening");
        lab.Peer.Start("iperf3", "-c", $"{LabNetwork.Address(50)}", "-t", "60");
        await server.LineAsync("[  1] local");
        ShellResult result = lab.Peer.TryExec($"timeout 60 iperf3 -c {LabNetwork.Address(50)} {OneSecond}");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("busy", result.Error, StringComparison.Ordinal);
    }

    [LabFact]
    public async Task An_amount_instead_of_a_time_is_transferred_whole()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        ToolProcess server = ToolProcess.Start(lab, "perf", "-s", "-1");
        await server.LineAsync("Server listening");
        string bytes = SomeBytes.ToString(CultureInfo.InvariantCulture);
        string json = lab.Peer.Exec($"timeout 60 iperf3 -c {LabNetwork.Address(50)} -R -n {bytes} --json");
        await server.EndAsync();

        using JsonDocument result = JsonDocument.Parse(json);
        Assert.True(Bytes(result.RootElement.GetProperty("end"), "sum_received") >= SomeBytes);
    }

    // Both counted, and what arrived is what was sent but for what was still under way: in the buffers of each stream,
    // or in a block that was not written to its end. A side that stands still just before it says that the time is over
    // is behind by no more than the time that is measured. Where ours sends and omits nothing, no more
    // arrives than it sent.
    private static void Check(JsonElement end, bool isOursToSend)
    {
        long sent = Bytes(end, "sum_sent"), received = Bytes(end, "sum_received");
        int streams = end.GetProperty("streams").GetArrayLength();
        Assert.True(sent > 0 && received > 0, $"{sent} sent, {received} received");
        if (isOursToSend)
            Assert.True(received <= sent, $"{sent} were sent, and {received} received.");
        Assert.InRange(received, (sent / 2) - (MostBuffered * streams), (sent * 2) + (BlockBytes * streams));
    }

    private static void CheckBothDirections(JsonElement end, int streams)
    {
        Assert.Equal(2 * streams, end.GetProperty("streams").GetArrayLength());
        foreach (string suffix in (string[])["", "_bidir_reverse"])
        {
            long sent = Bytes(end, $"sum_sent{suffix}"), received = Bytes(end, $"sum_received{suffix}");
            Assert.True(sent > 0 && received > 0, $"{suffix}: {sent} sent, {received} received");
            Assert.InRange(received, (sent / 2) - (MostBuffered * streams), (sent * 2) + (BlockBytes * streams));
        }
    }

    private static long Bytes(JsonElement end, string sum) => end.GetProperty(sum).GetProperty("bytes").GetInt64();
}
