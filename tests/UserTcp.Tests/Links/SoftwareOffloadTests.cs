using FsCheck.Xunit;
using UserTcp.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Links;

public sealed class SoftwareOffloadTests
{
    private const LinkFeatures Both = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation;
    private readonly ScriptedDevice _plain = new(LinkFeatures.None);

    [Theory]
    [InlineData(4000, 1460)]
    [InlineData(64_240, 1460)]
    [InlineData(1460, 1460)]
    [InlineData(1461, 1460)]
    [InlineData(1, 1460)]
    [InlineData(0, 1460)]
    [InlineData(1365, 1)]
    [InlineData(65_470, 48)]
    public void A_super_segment_becomes_the_segments_it_stands_for(int payload, int segmentSize)
    {
        var super = new SuperSegment { Payload = payload, SegmentSize = segmentSize, Flags = 0xd9 };
        using var link = new SoftwareOffload(_plain);

        Assert.Equal(1, link.Transmit(super.AddTo(new FrameList()).ToArray()));
        AssertSent(super.Cut());
        Assert.All(_plain.Sent, s => Assert.Equal(default, s.Offload));
    }

    [Fact, Rfc("9293 §3.8.5", "MUST-30", "MUST-62")]
    public void Each_segment_of_an_urgent_super_segment_names_the_same_octet()
    {
        var super = new SuperSegment { Payload = 6000, SegmentSize = 1448, Flags = 0x38, UrgentPointer = 3000 };
        using var link = new SoftwareOffload(_plain);
        Assert.Equal(1, link.Transmit(super.AddTo(new FrameList()).ToArray()));
        AssertSent(super.Cut());
        int[] pointers = [.. _plain.Sent.Select(s => s.Bytes[52] << 8 | s.Bytes[53])];
        Assert.Equal([3000, 1552, 104, 0, 0], pointers);
        Assert.Equal([0x30, 0x30, 0x30, 0x10, 0x18], _plain.Sent.Select(s => (int)s.Bytes[47]));
    }

    [Property(MaxTest = 150)]
    public void Any_sizes_options_and_pieces_are_cut_byte_for_byte(
        ushort payload, ushort segmentSize, byte options, ushort split, byte flags, ushort urgent, bool inOnePiece,
        bool hasLinkHeader)
    {
        var super = new SuperSegment
        {
            Payload = payload % 20_000,
            SegmentSize = 1 + (segmentSize % 1460),
            IpOptions = (options & 15) % 11 * 4,
            TcpOptions = (options >> 4) % 11 * 4,
            Flags = flags,
            UrgentPointer = (ushort)(urgent % 30_000),
            HasLinkHeader = hasLinkHeader,
        };
        var device = new ScriptedDevice(LinkFeatures.None, hasLinkHeader ? LinkMedium.Ethernet : LinkMedium.Ip);
        using var link = new SoftwareOffload(device);
        int at = super.Payload == 0 ? 0 : split % super.Payload;

        Assert.Equal(1, link.Transmit(super.AddTo(new FrameList(), at, inOnePiece).ToArray()));
        Assert.Equal(super.Cut(), device.Sent.Select(s => s.Bytes));
    }

    [Property(MaxTest = 150)]
    public void However_the_device_stalls_nothing_is_lost_doubled_or_reordered(byte[] takes, byte count, ushort seed)
    {
        var random = new Random(seed);
        var frames = new FrameList();
        var expected = new List<byte[]>();
        for (int i = 0; i < 1 + (count % 8); i++)
            AddRandom(random, frames, expected);

        var device = new ScriptedDevice(LinkFeatures.None);
        foreach (byte take in takes)
            device.Takes.Enqueue(take % 5);
        using var link = new SoftwareOffload(device);
        using var batch = new RxBatch(1);
        int accepted = 0;
        while (accepted < frames.Count)
        {
            accepted += link.Transmit(frames.ToArray().AsSpan(accepted));
            Assert.InRange(accepted, 0, frames.Count);
        }

        for (int i = 0; i <= takes.Length; i++)
            link.Receive(batch); // the loop's turn sends what is left
        Assert.Equal(expected, device.Sent.Select(s => s.Bytes));
    }

    [Fact]
    public void A_half_taken_super_segment_is_accepted_and_its_rest_goes_first()
    {
        var super = new SuperSegment { Payload = 5 * 1460 };
        FrameList frames = super.AddTo(new FrameList(), 3000).Add([1, 2, 3]);
        foreach (int take in (int[])[2, 1, 0])
            _plain.Takes.Enqueue(take);
        using var link = new SoftwareOffload(_plain);
        using var batch = new RxBatch(1);

        Assert.Equal(1, link.Transmit(frames.ToArray()));                    // two of five
        Assert.Equal(0, link.Transmit(frames.ToArray().AsSpan(1)));          // the third; the device is full again
        link.Receive(batch);                                                 // nothing
        Assert.Equal(3, _plain.Sent.Count);
        link.Receive(batch);                                                 // the rest
        AssertSent(super.Cut());
        Assert.Equal(1, link.Transmit(frames.ToArray().AsSpan(1)));
        AssertSent([.. super.Cut(), [1, 2, 3]]);
    }

    [Fact]
    public void The_rest_is_a_copy_of_its_own()
    {
        var super = new SuperSegment { Payload = 5 * 1460 };
        byte[] header = super.ToBytes()[..super.HeaderLength];
        FrameList frames = new FrameList().Add(header, super.ToBytes()[super.HeaderLength..], offload: super.Offload);
        _plain.Takes.Enqueue(2);
        using var link = new SoftwareOffload(_plain);
        Assert.Equal(1, link.Transmit(frames.ToArray()));

        frames.Overwrite(0xee);
        Assert.Equal(0, link.Transmit([]));
        AssertSent(super.Cut());
    }

    [Fact]
    public void A_device_that_sums_gets_segments_with_partial_checksums()
    {
        var device = new ScriptedDevice(LinkFeatures.TransmitChecksum);
        var super = new SuperSegment { Flags = 0x18 };
        using var link = new SoftwareOffload(device);

        Assert.Equal(1, link.Transmit(super.AddTo(new FrameList(), 1000).ToArray()));
        Assert.Equal(super.Cut(finish: false), device.Sent.Select(s => s.Bytes));
        Assert.All(device.Sent, s => Assert.Equal(
            new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = 16 },
            s.Offload));
    }

    [Fact]
    public void A_device_that_can_gets_the_frames_untouched_in_one_call()
    {
        var device = new ScriptedDevice(Both);
        var super = new SuperSegment();
        FrameList frames = super.AddTo(super.AddTo(new FrameList()), 100);
        using var link = new SoftwareOffload(device);

        Assert.Equal(2, link.Transmit(frames.ToArray()));
        Assert.Equal(1, device.Calls);
        Assert.All(device.Sent, s => Assert.Equal((super.ToBytes(), super.Offload), (s.Bytes, s.Offload), Same));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 300)]
    [InlineData(999, 1)]
    public void A_partial_checksum_is_finished_over_all_pieces(int first, int second)
    {
        var super = new SuperSegment { Payload = 1000, SegmentSize = 1000 };
        byte[] bytes = super.ToBytes();
        int h = super.HeaderLength;
        FrameOffload offload = super.Offload with { Segmentation = 0, SegmentSize = 0 };
        FrameList frames = first + second == 0
            ? new FrameList().Add(bytes, offload: offload)
            : new FrameList().Add(
                bytes[..(h + 1000 - first - second)], bytes[^(first + second)..^second], bytes[^second..], offload);
        using var link = new SoftwareOffload(_plain);

        Assert.Equal(1, link.Transmit(frames.ToArray()));
        AssertSent(super.Cut());
    }

    [Fact]
    public void A_udp_checksum_of_zero_is_sent_as_all_ones()
    {
        var frame = new byte[20]; // UDP at 0: the other fields sum to ffff
        frame[0] = 0xff;
        frame[1] = 0xff;
        using var link = new SoftwareOffload(_plain);
        var offload = new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum, ChecksumStart = 0, ChecksumOffset = 6 };

        Assert.Equal(1, link.Transmit(new FrameList().Add(frame, offload: offload).ToArray()));
        Assert.Equal<byte>([0xff, 0xff], _plain.Sent[0].Bytes[6..8]);
    }

    [Fact]
    public void Frames_that_cannot_be_what_they_say_are_dropped_and_counted_once()
    {
        var good = new SuperSegment();
        FrameList frames = new FrameList()
            .Add([1])
            .Add(new byte[100], offload: good.Offload)                                      // not IPv4
            .Add(good.ToBytes(), offload: good.Offload with { SegmentSize = 0 })
            .Add(good.ToBytes(), offload: good.Offload with { Segmentation = (SegmentationOffload)4 })
            .Add(good.ToBytes()[..30], good.ToBytes()[30..], offload: good.Offload)         // headers in two pieces
            .Add(
                new byte[40],
                offload: new FrameOffload
                {
                    Flags = FrameOffloadFlags.NeedsChecksum, ChecksumStart = 30, ChecksumOffset = 9,
                })
            .Add([2]);
        using var link = new SoftwareOffload(_plain);
        _plain.Takes.Enqueue(0);

        Assert.Equal(0, link.Transmit(frames.ToArray()));
        Assert.Equal(4, link.Statistics.TransmitDropped);
        Assert.Equal(7, link.Transmit(frames.ToArray()));
        AssertSent([[1], [2]]);
        Assert.Equal(4 + 5, link.Statistics.TransmitDropped);
        Assert.Equal(3, link.Statistics.ReceiveDropped);
    }

    [Fact]
    public void It_offers_what_it_adds_and_passes_on_the_rest()
    {
        var device = new ScriptedDevice(LinkFeatures.ReceiveCoalesces);
        var link = new SoftwareOffload(device);
        MacAddress mac = MacAddress.Parse("02:00:00:00:00:07");
        link.SetReceiveAddress(mac);
        device.Arrives([9]);
        using var batch = new RxBatch(2);

        Assert.Equal(LinkFeatures.ReceiveCoalesces | Both, link.Info.Features);
        Assert.Same(link.Info, link.Info);
        Assert.Equal(device.Info with { Features = link.Info.Features }, link.Info);
        Assert.Equal(mac, device.Wanted);
        Assert.True(link.Wait(TimeSpan.Zero));
        Assert.Equal(1, link.Receive(batch));
        link.Wake();
        link.Dispose();
        Assert.True(device.IsDisposed);
    }

    private static bool Same((byte[] Bytes, FrameOffload Offload) a, (byte[] Bytes, FrameOffload Offload) b) =>
        a.Bytes.AsSpan().SequenceEqual(b.Bytes) && a.Offload == b.Offload;

    private static void AddRandom(Random random, FrameList frames, List<byte[]> expected)
    {
        if (random.Next(3) == 0)
        {
            byte[] small = FrameList.Numbered(random.Next(200), random.Next(1, 200));
            frames.Add(small);
            expected.Add(small);
            return;
        }

        int payload = random.Next(1, 9000);
        var super = new SuperSegment
        {
            Payload = payload,
            SegmentSize = random.Next(60, 1460),
            Seq = (uint)random.Next(),
        };
        super.AddTo(frames, random.Next(payload), random.Next(4) == 0);
        expected.AddRange(super.Cut());
    }

    private void AssertSent(List<byte[]> expected) => Assert.Equal(expected, _plain.Sent.Select(s => s.Bytes));
}
