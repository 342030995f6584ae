using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Tests.Api;
using UserTcp.Tests.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Diagnostics;

/// <summary>Taps that write files.</summary>
[Collection(RealTime.Name)]
public sealed class PcapngTapTests
{
    private static readonly LinkInfo s_link = new() { Name = "virtual:one", Mtu = 1500 };
    private static readonly LinkInfo s_other = new() { Name = "virtual:two", Mtu = 1500 };

    [Fact]
    public void Frames_links_directions_and_reasons_are_in_the_file()
    {
        var stream = new MemoryStream();
        using (var tap = new PcapngTap(stream, new PcapngTapOptions { LeaveOpen = true, MaxFrameBytes = 64 }))
        {
            Show(tap, s_link, 60, PacketDirection.Sent);
            Show(tap, s_other, 100, PacketDirection.Received, PacketDropReason.NotForUs);
            Show(tap, s_link, 61, PacketDirection.Received);
        }

        var file = new PcapngFile(stream.ToArray());
        Assert.Equal(["virtual:one", "virtual:two"], file.Interfaces);
        Assert.Equal([0, 1, 0], file.Packets.Select(packet => packet.Interface));
        Assert.Equal([60, 64, 61], file.Packets.Select(packet => packet.Bytes.Length));
        Assert.Equal([60, 100, 61], file.Packets.Select(packet => packet.Length));
        Assert.Equal([2, 1, 1], file.Packets.Select(packet => packet.Direction));
        Assert.Equal([null, "dropped: NotForUs", null], file.Packets.Select(packet => packet.Comment));
        Assert.All(file.Packets, packet => Assert.Equal(1_700_000_000_123_456_700, packet.Stamp));
    }

    [Fact]
    public void Of_frames_above_256_KiB_the_file_has_as_much_as_Wireshark_reads()
    {
        var stream = new MemoryStream();
        using (var tap = new PcapngTap(stream, new PcapngTapOptions { LeaveOpen = true }))
        {
            Show(tap, s_link, 180_000, PacketDirection.Received);
            Show(tap, s_link, RxBatch.MaxFrameBytes, PacketDirection.Received, PacketDropReason.NotForUs);
            Show(tap, s_link, 61, PacketDirection.Received);
            Assert.Null(tap.Failure);
        }

        var file = new PcapngFile(stream.ToArray());
        Assert.Equal([180_000, 262_144, 61], file.Packets.Select(packet => packet.Bytes.Length));
        Assert.Equal([180_000, RxBatch.MaxFrameBytes, 61], file.Packets.Select(packet => packet.Length));
    }

    [Fact]
    public void Files_follow_each_other_by_size_and_the_oldest_go()
    {
        using var folder = new TemporaryFolder();
        var options = new PcapngTapOptions { MaxFileBytes = 128 * 1024, MaxFiles = 2 };
        using (PcapngTap tap = PcapngTap.Create(folder.File("trace.pcapng"), options))
        {
            for (int i = 0; i < 400; i++)
            {
                Show(tap, s_link, 1000, PacketDirection.Sent);
            }

            Assert.Null(tap.Failure);
        }

        string[] files = [.. Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order()!];
        Assert.Equal(["trace.00003.pcapng", "trace.00004.pcapng"], files);
        PcapngFile third = new(File.ReadAllBytes(folder.File("trace.00003.pcapng")));
        PcapngFile last = new(File.ReadAllBytes(folder.File("trace.00004.pcapng")));
        Assert.InRange(new FileInfo(folder.File("trace.00003.pcapng")).Length, 127 * 1024, 128 * 1024);
        Assert.Equal(400 - 3 * third.Packets.Count, last.Packets.Count);
        Assert.Equal(["virtual:one"], last.Interfaces);
    }

    [Fact]
    public void A_stream_that_is_full_stops_the_recording_and_nothing_else()
    {
        using var tap = new PcapngTap(new MemoryStream(), new PcapngTapOptions { MaxFileBytes = 128 * 1024 });
        for (int i = 0; i < 200; i++)
        {
            Show(tap, s_link, 1000, PacketDirection.Sent);
        }

        Assert.Contains("limit", Assert.IsType<IOException>(tap.Failure).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        ArgumentException thrown = Assert.Throws<ArgumentOutOfRangeException>(
            () => new PcapngTap(new MemoryStream(), new PcapngTapOptions { MaxFileBytes = 1000 }));
        Assert.Equal(nameof(PcapngTapOptions.MaxFileBytes), thrown.ParamName);
    }

    [Fact]
    public async Task A_stack_writes_its_life()
    {
        var stream = new MemoryStream();
        using var tap = new PcapngTap(stream, new PcapngTapOptions { LeaveOpen = true });
        await using (StackPair pair = await StackPair.OpenAsync(options => options.Taps.Add(tap)))
        {
            (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
            await client.Output.SendAsync(new byte[5000]);
            await server.Input.ReadExactlyAsync(5000);
        }

        tap.Dispose();
        var file = new PcapngFile(stream.ToArray());
        Assert.Equal(2, file.Interfaces.Count);
        Assert.Contains(file.Packets, packet => packet.Length > 1000);
    }

    private static void Show(
        PcapngTap tap, LinkInfo link, int length, PacketDirection direction,
        PacketDropReason reason = PacketDropReason.None) =>
        tap.OnPacket(new PacketTapContext
        {
            Frame = PipeWords.Pattern(length),
            Direction = direction,
            Timestamp = DateTimeOffset.UnixEpoch.AddTicks(17_000_000_001_234_567),
            DropReason = reason,
            Link = link,
        });

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("usertcp-tap").FullName;

        public string File(string name) => System.IO.Path.Combine(Path, name);

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
