using UserTcp.Links;

namespace UserTcp.Tests.Links;

public sealed class CaptureLinkTests : IDisposable
{
    private const int Inbound = 1;
    private const int Outbound = 2;
    private readonly ScriptedDevice _device = new(LinkFeatures.None);
    private readonly MemoryStream _stream = new();
    private readonly SteppedTime _time = new();
    private readonly RxBatch _batch = new(8);

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void Both_directions_are_recorded_with_nanosecond_stamps_in_order()
    {
        CaptureLink link = Open();
        _device.BeforeTransmit = () => _time.Nanoseconds += 50; // the stamp is taken before the frame leaves
        link.Transmit(new FrameList().Add([1, 2, 3], [4], [5, 6]).ToArray());
        _time.Nanoseconds += 7;
        _device.Arrives([9, 8, 7, 6]);
        link.Receive(_batch);
        link.Dispose();

        PcapngFile file = Read();
        Assert.Equal((1, 262_144, "scripted:x", 9, "UserTcp"),
            (file.LinkType, file.SnapLength, file.InterfaceName, file.TimeResolution, file.Application));
        Assert.Collection(
            file.Packets,
            p => AssertPacket(p, SteppedTime.Start, Outbound, [1, 2, 3, 4, 5, 6]),
            p => AssertPacket(p, SteppedTime.Start + 57, Inbound, [9, 8, 7, 6]));
        Assert.Null(link.CaptureFailure);
        Assert.True(_device.IsDisposed);
    }

    [Fact]
    public void Only_what_the_device_took_and_what_is_new_in_the_batch_is_recorded()
    {
        CaptureLink link = Open();
        _device.Takes.Enqueue(1);
        _batch.Add([42]);
        _device.Arrives([1]);

        Assert.Equal(1, link.Transmit(new FrameList().Add([2]).Add([3]).ToArray()));
        Assert.Equal(1, link.Receive(_batch));
        link.Dispose();
        Assert.Equal<byte[]>([[2], [1]], Read().Packets.Select(p => p.Bytes));
    }

    [Fact]
    public void Checksums_left_to_the_device_are_finished_in_the_record_and_not_in_the_frame()
    {
        CaptureLink link = Open();
        var super = new SuperSegment { Payload = 5000, SegmentSize = 5000 };
        link.Transmit(super.AddTo(new FrameList(), 99).ToArray());
        _device.Arrives(super.ToBytes(), super.Offload);
        link.Receive(_batch);
        link.Dispose();

        Assert.Equal(super.ToBytes(), _device.Sent.Single().Bytes);
        Assert.Equal(super.ToBytes(), _batch[0].Bytes.ToArray());
        Assert.All(Read().Packets, p => Assert.Equal(super.Cut().Single(), p.Bytes));
    }

    [Fact]
    public void Frames_are_shortened_to_the_option_and_keep_their_length()
    {
        var super = new SuperSegment { Payload = 1000, SegmentSize = 1000 };
        CaptureLink link = Open(o => o.MaxFrameBytes = 101);
        link.Transmit(super.AddTo(new FrameList()).ToArray());
        link.Dispose();

        PcapngFile.Packet packet = Read().Packets.Single();
        Assert.Equal(super.HeaderLength + 1000, packet.Length);
        Assert.Equal(super.Cut().Single()[..101], packet.Bytes); // the checksum is that of the whole frame
    }

    [Fact]
    public void A_frame_longer_than_any_packet_leaves_its_header()
    {
        CaptureLink link = Open();
        link.Transmit(new FrameList().Add([1, 2], new byte[600_000]).ToArray());
        link.Dispose();

        PcapngFile.Packet packet = Read().Packets.Single();
        Assert.Equal<byte>([1, 2], packet.Bytes);
        Assert.Equal(600_002, packet.Length);
    }

    [Fact]
    public void Of_frames_above_256_KiB_the_record_has_as_much_as_Wireshark_reads()
    {
        CaptureLink link = Open();
        _device.Arrives(FrameList.Numbered(1, 180_000));
        _device.Arrives(FrameList.Numbered(2, RxBatch.MaxFrameBytes));
        _device.Arrives(FrameList.Numbered(3, 60));
        while (link.Receive(_batch) > 0)
            _batch.Clear();
        link.Dispose();

        Assert.Null(link.CaptureFailure);
        Assert.Equal([180_000, RxBatch.MaxFrameBytes, 60], Read().Packets.Select(p => p.Length));
        Assert.Equal(
            [FrameList.Numbered(1, 180_000), FrameList.Numbered(2, 262_144), FrameList.Numbered(3, 60)],
            Read().Packets.Select(p => p.Bytes));
    }

    [Fact]
    public void Bare_ip_has_its_own_link_type()
    {
        new CaptureLink(new ScriptedDevice(LinkFeatures.None, LinkMedium.Ip), _stream).Dispose();
        Assert.Equal(101, Read().LinkType);
    }

    [Fact]
    public void Many_large_frames_pass_through_the_buffer_unharmed()
    {
        CaptureLink link = Open();
        for (int i = 0; i < 40; i++)
            link.Transmit(new FrameList().Add(FrameList.Numbered(i, 65_550 - i)).ToArray());
        link.Dispose();

        Assert.Equal(Enumerable.Range(0, 40).Select(i => FrameList.Numbered(i, 65_550 - i)),
            Read().Packets.Select(p => p.Bytes));
    }

    [Fact]
    public void Flush_makes_the_file_readable_while_it_grows()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pcapng");
        try
        {
            using var link = new CaptureLink(_device, path);
            link.Transmit(new FrameList().Add([1]).ToArray());
            link.Flush();
            using var reader = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[reader.Length];
            reader.ReadExactly(bytes);
            Assert.Single(new PcapngFile(bytes).Packets);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_full_disk_ends_the_capture_and_not_the_traffic()
    {
        using var broken = new BrokenStream();
        var link = new CaptureLink(_device, broken);
        link.Transmit(new FrameList().Add([1]).ToArray());
        Assert.Null(link.CaptureFailure);
        link.Flush();

        Assert.Equal("no space left", Assert.IsType<IOException>(link.CaptureFailure).Message);
        _device.Arrives([2]);
        Assert.Equal(1, link.Transmit(new FrameList().Add([3]).ToArray()));
        Assert.Equal(1, link.Receive(_batch));
        link.Flush();
        link.Dispose();
        Assert.Equal(1, broken.Writes);
        Assert.Equal(2, _device.Sent.Count);
    }

    [Fact]
    public void A_stream_that_breaks_under_a_frame_ends_the_capture_and_not_the_traffic()
    {
        using var broken = new BrokenStream();
        var link = new CaptureLink(_device, broken);
        for (int i = 0; i < 6; i++)
            Assert.Equal(1, link.Transmit(new FrameList().Add(new byte[60_000]).ToArray()));

        Assert.IsType<IOException>(link.CaptureFailure);
        Assert.Equal(6, _device.Sent.Count);
        Assert.Equal(1, broken.Writes);
    }

    [Fact]
    public void The_limit_ends_the_capture_keeps_what_is_there_and_is_reported()
    {
        CaptureLink link = Open(o => o.MaxBytes = 4096);
        for (int i = 0; i < 10; i++)
            Assert.Equal(1, link.Transmit(new FrameList().Add(new byte[1000]).ToArray()));

        Assert.Contains("4,096", Assert.IsType<IOException>(link.CaptureFailure).Message, StringComparison.Ordinal);
        Assert.Equal(3, Read().Packets.Count);
        Assert.InRange(_stream.Length, 3000, 4096);
    }

    [Fact]
    public void The_stream_is_left_open_if_asked()
    {
        Open(o => o.LeaveOpen = true).Dispose();
        Assert.True(_stream.CanWrite);
        Open().Dispose();
        Assert.False(_stream.CanWrite);
    }

    [Fact]
    public void Mistakes_of_the_caller_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Open(o => o.MaxFrameBytes = 63));
        Assert.Throws<ArgumentOutOfRangeException>(() => Open(o => o.MaxFrameBytes = 262_145));
        Assert.Throws<ArgumentOutOfRangeException>(() => Open(o => o.MaxBytes = 4095));
        Assert.Throws<ArgumentException>(() => new CaptureLink(_device, new MemoryStream([], writable: false)));
        Assert.Throws<DirectoryNotFoundException>(() => new CaptureLink(_device, "/no/such/folder/x.pcapng"));
    }

    [Fact]
    public void The_rest_is_the_inner_devices()
    {
        CaptureLink link = Open();
        MacAddress mac = MacAddress.Parse("02:00:00:00:00:07");
        link.SetReceiveAddress(mac);
        link.Wake();

        Assert.Same(_device.Info, link.Info);
        Assert.Equal(_device.Statistics, link.Statistics);
        Assert.Equal(mac, _device.Wanted);
        Assert.False(link.Wait(TimeSpan.Zero));
    }

    private static void AssertPacket(PcapngFile.Packet packet, long stamp, int direction, byte[] bytes)
    {
        Assert.Equal((stamp, bytes.Length, direction), (packet.Stamp, packet.Length, packet.Direction));
        Assert.Equal(bytes, packet.Bytes);
    }

    private CaptureLink Open(Action<CaptureOptions>? configure = null)
    {
        var options = new CaptureOptions { TimeProvider = _time };
        configure?.Invoke(options);
        return new CaptureLink(_device, _stream, options);
    }

    private PcapngFile Read() => new(_stream.ToArray());

    private sealed class SteppedTime : TimeProvider
    {
        public const long Start = 1_800_000_000_123_456_700;

        public long Nanoseconds { get; set; } = 5; // since some other beginning

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => Nanoseconds;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Start / 100);
    }

    private sealed class BrokenStream : MemoryStream
    {
        public int Writes { get; private set; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Writes++;
            throw new IOException("no space left");
        }
    }
}
