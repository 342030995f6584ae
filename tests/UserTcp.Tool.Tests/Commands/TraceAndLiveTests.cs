using UserTcp.Tool.Tests.Support;
using UserTcp.Tool.Tests.Trace;

namespace UserTcp.Tool.Tests.Commands;

public sealed class TraceAndLiveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_live_simulation_leaves_a_capture_that_becomes_a_page()
    {
        string capture = Path.Combine(_folder, "bad.pcapng");
        await using ToolRun live = await ToolRun.ToEndAsync(
            "sim", "live", "--speed", "0", "--for", "2", "--loss", "1", "--capture", capture);
        await using ToolRun trace = await ToolRun.ToEndAsync("trace", capture);
        await using ToolRun json = await ToolRun.ToEndAsync("trace", capture, "--json");

        Assert.Equal(0, await live.Ended);
        Assert.Equal(0, await trace.Ended);
        Assert.Contains("10.0.0.2:80", trace.Out, StringComparison.Ordinal);
        Assert.True(new FileInfo(Path.Combine(_folder, "bad.html")).Length > 10_000);
        Assert.True(json.Json[0].GetProperty("client_to_server").GetProperty("retransmissions").GetInt32() > 0);
    }

    [Fact]
    public async Task The_same_seed_shows_the_same()
    {
        string[] line = ["sim", "live", "--speed", "0", "--for", "2", "--loss", "1", "--seed"];
        await using ToolRun first = await ToolRun.ToEndAsync([.. line, "7"]);
        await using ToolRun second = await ToolRun.ToEndAsync([.. line, "7"]);
        await using ToolRun other = await ToolRun.ToEndAsync([.. line, "8"]);

        Assert.Equal(3, first.Out.Trim().Split('\n').Length);
        Assert.Equal(first.Out, second.Out);
        Assert.NotEqual(first.Out, other.Out);
    }

    [Theory]
    [InlineData("sim", "live", "--loss", "101")]
    [InlineData("sim", "live", "--mbit", "0")]
    public async Task Links_that_cannot_be_are_refused(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal(2, await run.Ended);
    }

    [Fact]
    public async Task A_file_that_is_none_or_no_capture_is_exit_code_1()
    {
        string text = Path.Combine(_folder, "text.txt");
        await File.WriteAllTextAsync(text, "no capture at all");
        await using ToolRun none = await ToolRun.ToEndAsync("trace", Path.Combine(_folder, "none.pcapng"));
        await using ToolRun wrong = await ToolRun.ToEndAsync("trace", text);

        Assert.Equal((1, 1), (await none.Ended, await wrong.Ended));
        Assert.Contains("neither pcapng nor pcap", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_capture_of_another_kind_of_network_names_it()
    {
        string radio = Path.Combine(_folder, "radio.pcap"), mixed = Path.Combine(_folder, "mixed.pcapng");
        await File.WriteAllBytesAsync(radio, new CaptureBytes(isBig: false).Classic(0xA1B2C3D4, 127)
            .Record(1, 0, new byte[60]).Record(2, 0, new byte[60]).ToArray());
        await File.WriteAllBytesAsync(mixed, new CaptureBytes(isBig: false).Section().Interface(1).Interface(195)
            .Packet(0, 1, CaptureBytes.Frame(99, 0, 2, 0)).Packet(1, 2, new byte[60]).ToArray());
        await using ToolRun none = await ToolRun.ToEndAsync("trace", radio);
        await using ToolRun some = await ToolRun.ToEndAsync("trace", mixed, "--json");

        Assert.Equal((1, 0), (await none.Ended, await some.Ended));
        Assert.Contains("2 frames and no TCP: 2 of link type 127 (radiotap", none.Error, StringComparison.Ordinal);
        Assert.Contains("Left out: 1 frame of link type 195", some.Error, StringComparison.Ordinal);
        Assert.Equal(1, some.Json.GetArrayLength());
    }
}
