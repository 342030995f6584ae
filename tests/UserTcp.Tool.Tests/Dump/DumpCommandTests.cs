using System.IO.Compression;
using System.Runtime.InteropServices;
using UserTcp.Diagnostics;
using UserTcp.Tool.Dump;
using UserTcp.Tool.Tests.Support;
using UserTcp.Tool.Tests.Trace;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Dump;

public sealed class DumpCommandTests : IDisposable
{
    private const string Line = "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq ";

    private readonly string _folder = Directory.CreateTempSubdirectory("usertcp-dump").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_capture_is_printed_frame_by_frame_until_the_count()
    {
        string file = await CaptureAsync(2_000_001, 3_500_000_000);
        await using ToolRun all = await ToolRun.ToEndAsync("dump", "-n", "-r", file);
        await using ToolRun one = await ToolRun.ToEndAsync("dump", "-n", "-r", file, "-c", "1");

        string[] lines = all.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        DateTimeOffset time = DateTimeOffset.UnixEpoch.AddMicroseconds(2_000).ToLocalTime();
        Assert.Equal((0, 0), (await all.Ended, await one.Ended));
        Assert.Equal(2, lines.Length);
        Assert.Equal($"{time:HH:mm:ss.ffffff} {Line}1, win 1000, length 0", lines[0]);
        Assert.Equal(lines[0], one.Out.TrimEnd());
    }

    [Fact]
    public async Task Compressed_captures_and_the_standard_input_are_read()
    {
        byte[] capture = await File.ReadAllBytesAsync(await CaptureAsync(1));
        string file = Path.Combine(_folder, "capture.gz");
        await using (var gzip = new GZipStream(File.Create(file), CompressionMode.Compress))
            await gzip.WriteAsync(capture);
        await using ToolRun compressed = await ToolRun.ToEndAsync("dump", "-n", "-r", file);
        await using ToolRun input = ToolRun.StartWithInput(new MemoryStream(capture), "dump", "-n", "-r", "-");
        await using ToolRun trace = await ToolRun.ToEndAsync("trace", file, "--json");

        Assert.Equal((0, 0, 0), (await compressed.Ended, await input.Ended, await trace.Ended));
        Assert.Contains(Line, compressed.Out, StringComparison.Ordinal);
        Assert.Equal(compressed.Out, input.Out);
        Assert.Equal(1, trace.Json.GetArrayLength());
    }

    [Fact]
    public async Task A_compressed_capture_that_is_broken_is_exit_code_1()
    {
        string file = Path.Combine(_folder, "broken.gz");
        await File.WriteAllBytesAsync(file, [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF]);
        await using ToolRun dump = await ToolRun.ToEndAsync("dump", "-n", "-r", file);
        await using ToolRun trace = await ToolRun.ToEndAsync("trace", file);

        Assert.Equal((1, 1), (await dump.Ended, await trace.Ended));
    }

    [Fact]
    public async Task Octets_are_those_behind_the_headers_of_the_link()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("dump", "-n", "-x", "-r", await CaptureAsync(1));

        string[] lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            ["\t0x0000:  4500 0028 0000 0000 0006 0000 0a00 0001", "\t0x0010:  0a00 0002 03e8 0050 0000 0001 0000 0000",
                "\t0x0020:  5002 03e8 0000 0000"], lines[1..]);
    }

    [Fact]
    public async Task A_filter_is_that_of_libpcap()
    {
        string file = Path.Combine(_folder, "two.pcapng");
        await File.WriteAllBytesAsync(file, new CaptureBytes(isBig: false).Section().Interface(1).Interface(101)
            .Packet(0, 1, CaptureBytes.Frame(1, 0, 2, 0)).Packet(0, 2, CaptureBytes.Frame(2, 1, 18, 0, isBack: true))
            .Packet(1, 3, CaptureBytes.Frame(3, 0, 2, 0)[14..]).ToArray());
        await using ToolRun run = await ToolRun.ToEndAsync("dump", "-n", "-r", file, "dst", "port", "80");
        await using ToolRun none = await ToolRun.ToEndAsync("dump", "-n", "-r", file, "tcp prot 80");
        if (!NativeLibrary.TryLoad("libpcap.so.0.8", out _) && !NativeLibrary.TryLoad("wpcap", out _)
            && !NativeLibrary.TryLoad("libpcap.dylib", out _))
        {
            Assert.Equal(2, await run.Ended);
            Assert.Contains("needs", run.Error, StringComparison.Ordinal);
            return;
        }

        Assert.Equal((0, 2), (await run.Ended, await none.Ended));
        Assert.Equal(2, run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("'tcp prot 80' cannot be used on frames of link type 1", none.Error, StringComparison.Ordinal);
        Assert.Contains("syntax error", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frames_are_written_as_they_were_read()
    {
        string file = Path.Combine(_folder, "mixed.pcapng"), copy = Path.Combine(_folder, "copy.pcapng");
        await File.WriteAllBytesAsync(file, new CaptureBytes(isBig: true).Section().Interface(1, resolution: 9)
            .Interface(113).Packet(0, 1_000_000_007, CaptureBytes.Frame(1, 0, 2, 3)).Packet(1, 2, new byte[17])
            .Simple(90, CaptureBytes.Frame(2, 0, 2, 36)).ToArray());
        await using ToolRun run = await ToolRun.ToEndAsync("dump", "-r", file, "-w", copy);
        await using ToolRun standard = await ToolRun.ToEndAsync("dump", "-r", file, "-w", "-");

        Assert.Equal((0, 0), (await run.Ended, await standard.Ended));
        Assert.Equal("", run.Out);
        Assert.Equal(await File.ReadAllBytesAsync(copy), standard.Bytes);
        CapturedFrame[] before = Read(file), after = Read(copy);
        Assert.Equal(3, after.Length);
        Assert.Equal(
            before.Select(frame => (frame.Nanoseconds ?? 0, frame.Link, frame.WireLength, Hex(frame))),
            after.Select(frame => (frame.Nanoseconds!.Value, frame.Link, frame.WireLength, Hex(frame))));
    }

    [Fact]
    public async Task The_frames_of_a_stack_have_their_directions_and_the_reasons_of_drops()
    {
        string file = Path.Combine(_folder, "stack.pcapng"), copy = Path.Combine(_folder, "copy.pcapng");
        string link = $"virtual:{Guid.NewGuid():N}";
        using (PcapngTap tap = PcapngTap.Create(file))
        {
            // The stack ends before its tap: the client may hear of the reset before the tap does.
            await using UserTcpStack server = await UserTcpStack.OpenAsync(new UserTcpStackOptions
            {
                LinkName = link, Addresses = { UserTcpAddress.Parse("10.0.0.2/24") }, Taps = { tap },
            });
            await using UserTcpStack client = await UserTcpStack.OpenAsync(link, "10.0.0.1/24");
            await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(
                async () => await client.ConnectAsync(System.Net.IPAddress.Parse("10.0.0.2"), 81));
        }

        await using ToolRun run = await ToolRun.ToEndAsync("dump", "-n", "--stack", "-r", file);
        await using ToolRun write = await ToolRun.ToEndAsync("dump", "-r", file, "-w", copy);
        await using ToolRun again = await ToolRun.ToEndAsync("dump", "-n", "--stack", "-r", copy);
        await using ToolRun plain = await ToolRun.ToEndAsync("dump", "-n", "-r", file);

        Assert.Matches(
            @"In  IP 10\.0\.0\.1\.\d+ > 10\.0\.0\.2\.81: Flags \[S[EW]*\], .* \[dropped: NoListener\]", run.Out);
        Assert.Matches(@"Out IP 10\.0\.0\.2\.81 > 10\.0\.0\.1\.\d+: Flags \[R\.\]", run.Out);
        Assert.Matches(@"\d+ frames, 1 dropped: 1 NoListener", run.Error);
        Assert.Equal(run.Out, again.Out);
        Assert.DoesNotContain("dropped", plain.Out + plain.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Say where the frames come from", "dump")]
    [InlineData("Say where the frames come from", "dump", "--stack")]
    [InlineData("take one of them", "dump", "-r", "x", "--link", "eth0")]
    [InlineData("-c is at least 1", "dump", "-r", "x", "-c", "0")]
    [InlineData("belong to --stack", "dump", "--link", "eth0", "--address", "10.0.0.1/24")]
    [InlineData("would overwrite", "dump", "-r", "x", "-w", "./x")]
    [InlineData("takes no --json", "dump", "-r", "x", "--json")]
    public async Task Command_lines_that_make_no_sense_are_exit_code_2(string words, params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal(2, await run.Ended);
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_is_none_and_a_file_that_is_none_are_exit_code_1()
    {
        await using ToolRun link = await ToolRun.ToEndAsync("dump", "--link", "nodevice0");
        await using ToolRun file = await ToolRun.ToEndAsync("dump", "-r", Path.Combine(_folder, "none"));

        Assert.Equal((1, 1), (await link.Ended, await file.Ended));
        Assert.Contains("nodevice0", link.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_are_asked_for_without_n()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("dump", "-r", await CaptureAsync(1));

        Assert.Equal(0, await run.Ended);
        if (File.Exists("/etc/services"))
            Assert.Contains(".http: Flags [S]", run.Out, StringComparison.Ordinal);
    }

    private async Task<string> CaptureAsync(params ulong[] nanoseconds)
    {
        string file = Path.Combine(_folder, "capture.pcapng");
        CaptureBytes capture = new CaptureBytes(isBig: false).Section().Interface(1, resolution: 9);
        foreach ((int i, ulong time) in nanoseconds.Index())
            capture.Packet(0, time, CaptureBytes.Frame((uint)(i + 1), 0, 2, 0));
        await File.WriteAllBytesAsync(file, capture.ToArray());
        return file;
    }

    private static CapturedFrame[] Read(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return [.. CaptureFile.Read(stream)];
    }

    private static string Hex(CapturedFrame frame) => Convert.ToHexString(frame.Bytes.Span);
}
