using UserTcp.Links;

namespace UserTcp.Tests.Links;

public sealed class VirtualLinkTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private readonly RxBatch _batch = new();

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void A_frame_arrives_whole_with_its_offload()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        var offload = new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = 16 };
        FrameList frames = new FrameList().Add([1, 2, 3], [4, 5], [6], offload);

        Assert.Equal(1, a.Transmit(frames.ToArray()));
        Assert.Equal(1, b.Receive(_batch));
        Assert.Equal<byte>([1, 2, 3, 4, 5, 6], _batch[0].Bytes.ToArray());
        Assert.Equal(offload, _batch[0].Offload);
        Assert.Equal(0, a.Receive(new RxBatch(1)));
    }

    [Theory]
    [InlineData(65_551, 1 << 20, true)]
    [InlineData(RxBatch.MaxFrameBytes, 1 << 20, true)]
    [InlineData(RxBatch.MaxFrameBytes + 1, 1 << 20, false)]
    [InlineData(100_000, 100_000, true)]
    [InlineData(100_001, 100_000, false)]
    public void Super_segments_may_be_as_long_as_a_batch_and_the_queue_take(int length, int queue, bool isTaken)
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions { QueueBytes = queue });
        Assert.Equal(Math.Min(queue, RxBatch.MaxFrameBytes), b.Info.MaxReceiveFrame);
        var offload = new FrameOffload
        {
            Flags = FrameOffloadFlags.NeedsChecksum, Segmentation = SegmentationOffload.TcpV4, HeaderLength = 54, SegmentSize = 1460,
        };
        byte[] frame = FrameList.Numbered(1, length);
        a.Transmit(new FrameList().Add(frame[..54], frame[54..70], frame[70..], offload).ToArray());
        Assert.Equal(isTaken ? 1 : 0, b.Receive(_batch));
        Assert.Equal(isTaken ? 0 : 1, a.Statistics.TransmitDropped);
        if (isTaken)
            Assert.Equal(frame, _batch[0].Bytes.ToArray());
    }

    [Fact]
    public void Both_ends_report_the_options_and_their_own_names()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions
        {
            Name = "lab",
            Mtu = 9000,
            Medium = LinkMedium.Ip,
            Features = LinkFeatures.None,
        });

        Assert.Equal("virtual:lab.a", a.Info.Name);
        Assert.Equal("virtual:lab.b", b.Info.Name);
        Assert.Equal(a.Info with { Name = b.Info.Name }, b.Info);
        Assert.Equal(9000, a.Info.Mtu);
        Assert.Equal(9000, a.Info.MaxReceiveFrame);
        Assert.Equal(LinkMedium.Ip, a.Info.Medium);
        Assert.Equal(LinkFeatures.None, a.Info.Features);
        Assert.True(VirtualLink.CreatePair().First.Info.Features.HasFlag(LinkFeatures.PointToPoint));
    }

    [Fact]
    public void The_order_is_kept_while_frames_wrap_around_the_queue()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions
        {
            Features = LinkFeatures.None, QueueFrames = 5, QueueBytes = 1600,
        });
        int received = 0;
        for (int sent = 0; sent < 500;)
        {
            FrameList frames = new FrameList().Add(FrameList.Numbered(sent, 1 + (sent * 37 % 700)));
            if (a.Transmit(frames.ToArray()) == 1)
                sent++;
            else
                received += Drain(b, received);
        }

        received += Drain(b, received);
        Assert.Equal(500, received);
    }

    [Fact]
    public void A_full_queue_accepts_fewer_and_the_draining_makes_it_writable_once()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions { QueueFrames = 4 });
        var frames = new FrameList();
        for (int i = 0; i < 6; i++)
            frames.Add([(byte)i]);

        Assert.Equal(4, a.Transmit(frames.ToArray()));
        Assert.Equal(0, a.Transmit(frames.ToArray().AsSpan(4)));
        Assert.False(a.Wait(TimeSpan.Zero));
        using var one = new RxBatch(1);
        Assert.Equal(1, b.Receive(one));
        Assert.False(a.Wait(TimeSpan.Zero)); // three of four still wait: not worth a wake-up
        one.Clear();
        Assert.Equal(1, b.Receive(one));
        Assert.True(a.Wait(TimeSpan.Zero));
        Assert.False(a.Wait(TimeSpan.Zero)); // said once
        Assert.Equal(2, a.Transmit(frames.ToArray().AsSpan(4)));
        Assert.Equal(0, a.Statistics.TransmitDropped);
    }

    [Fact]
    public void A_queue_full_of_bytes_accepts_no_more()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions
        {
            Features = LinkFeatures.None, QueueBytes = 1514,
        });
        FrameList frames = new FrameList().Add(new byte[1000]).Add(new byte[514]).Add(new byte[1]);

        Assert.Equal(2, a.Transmit(frames.ToArray()));
        Assert.Equal(2, b.Receive(_batch));
        Assert.Equal(1, a.Transmit(frames.ToArray().AsSpan(2)));
    }

    [Fact]
    public void Frames_that_need_a_missing_feature_are_dropped_and_counted()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(
            new VirtualLinkOptions { Features = LinkFeatures.None });
        var super = new FrameOffload { Segmentation = SegmentationOffload.TcpV4, SegmentSize = 5 };
        FrameList frames = new FrameList()
            .Add(new byte[60], offload: new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum })
            .Add(new byte[54], new byte[10], offload: super)
            .Add(new byte[1515])
            .Add(new byte[1514]);

        Assert.Equal(4, a.Transmit(frames.ToArray()));
        Assert.Equal(3, a.Statistics.TransmitDropped);
        Assert.Equal(1, b.Receive(_batch));
        Assert.Equal(1514, _batch[0].Bytes.Length);
    }

    [Theory]
    [InlineData(1460, 1)]
    [InlineData(1461, 0)]
    [InlineData(0, 0)]
    public void A_super_segment_is_carried_if_its_pieces_fit_the_mtu(int segmentSize, int expected)
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        var offload = new FrameOffload
        {
            Flags = FrameOffloadFlags.NeedsChecksum,
            Segmentation = SegmentationOffload.TcpV4,
            HeaderLength = 54,
            SegmentSize = (ushort)segmentSize,
        };
        FrameList frames = new FrameList().Add(new byte[54], new byte[40_000], new byte[24_240], offload);

        Assert.Equal(1, a.Transmit(frames.ToArray()));
        Assert.Equal(1 - expected, a.Statistics.TransmitDropped);
        Assert.Equal(expected, b.Receive(_batch));
    }

    [Fact]
    public void Without_checksum_info_nothing_is_said_about_the_frame()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions
        {
            Features = LinkFeatures.TransmitChecksum | LinkFeatures.ReceiveMayLackChecksum,
        });
        var offload = new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum };

        Assert.Equal(1, a.Transmit(new FrameList().Add([1], offload: offload).ToArray()));
        Assert.Equal(1, b.Receive(_batch));
        Assert.Equal(default, _batch[0].Offload);
    }

    [Fact]
    public void Contradicting_or_absurd_options_are_refused()
    {
        Refused<ArgumentException>(new VirtualLinkOptions { Features = LinkFeatures.TransmitSegmentation });
        Refused<ArgumentException>(new VirtualLinkOptions { Features = LinkFeatures.TransmitChecksum });
        Refused<ArgumentOutOfRangeException>(new VirtualLinkOptions { Mtu = 67 });
        Refused<ArgumentOutOfRangeException>(new VirtualLinkOptions { Mtu = 65_536 });
        Refused<ArgumentOutOfRangeException>(new VirtualLinkOptions { QueueFrames = 0 });
        Refused<ArgumentOutOfRangeException>(new VirtualLinkOptions { QueueBytes = 65_549 });
        Refused<ArgumentOutOfRangeException>(new VirtualLinkOptions { Medium = (LinkMedium)7 });
        Refused<ArgumentException>(new VirtualLinkOptions { Name = " " });
    }

    [Fact]
    public void A_disposed_peer_is_noticed_after_its_last_frames()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        FrameList frames = new FrameList().Add([1]).Add([2]);
        a.Transmit(frames.ToArray());
        a.Dispose();
        a.Dispose();

        Assert.True(b.Wait(TimeSpan.Zero));
        Assert.Equal(2, b.Transmit(frames.ToArray()));
        Assert.Equal(2, b.Statistics.TransmitDropped);
        Assert.Equal(2, b.Receive(_batch));
        Assert.True(b.Wait(Timeout.InfiniteTimeSpan));
        Assert.Throws<LinkDownException>(() => b.Receive(_batch));
        Assert.Throws<LinkDownException>(() => b.Transmit(frames.ToArray()));
        Assert.Throws<ObjectDisposedException>(() => a.Receive(_batch));
        Assert.Throws<ObjectDisposedException>(() => a.Transmit(frames.ToArray()));
        a.Wake();
    }

    [Fact]
    public void A_wake_before_the_wait_counts_once()
    {
        (VirtualLink a, _) = VirtualLink.CreatePair();
        a.Wake();
        a.Wake();

        Assert.True(a.Wait(Timeout.InfiniteTimeSpan));
        Assert.False(a.Wait(TimeSpan.Zero));
        Assert.False(a.Wait(TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void A_sleeping_end_is_woken_by_wake_by_frames_and_by_disposal()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        Assert.True(LinkWait.EndsBy(b, b.Wake));
        Assert.True(LinkWait.EndsBy(b, () => a.Transmit(new FrameList().Add([1]).ToArray())));
        Assert.Equal(1, b.Receive(_batch));
        Assert.True(LinkWait.EndsBy(b, a.Dispose));
    }

    [Fact]
    public void Two_threads_over_a_tiny_queue_lose_neither_frames_nor_wake_ups()
    {
        const int Frames = 30_000;
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions { QueueFrames = 3 });
        var sender = new Thread(() => SendNumbered(a, Frames));
        sender.Start();

        using var batch = new RxBatch(2);
        for (int next = 0; next < Frames;)
        {
            Assert.True(b.Wait(s_limit));
            b.Receive(batch);
            for (int i = 0; i < batch.Count; i++, next++)
                Assert.Equal(next, BitConverter.ToInt32(batch[i].Bytes));
            batch.Clear();
        }

        Assert.True(sender.Join(s_limit));
        Assert.Equal(0, a.Statistics.TransmitDropped);
    }

    private static void Refused<TException>(VirtualLinkOptions options)
        where TException : ArgumentException => Assert.Throws<TException>(() => VirtualLink.CreatePair(options));

    private static void SendNumbered(VirtualLink link, int count)
    {
        for (int next = 0; next < count;)
        {
            TxFrame[] frames = new FrameList().Add(BitConverter.GetBytes(next)).ToArray();
            if (link.Transmit(frames) == 1)
                next++;
            else if (!link.Wait(s_limit))
                return; // the receiver will say that something is missing
        }
    }

    private int Drain(VirtualLink link, int next)
    {
        _batch.Clear();
        int count = link.Receive(_batch);
        for (int i = 0; i < count; i++)
            Assert.Equal(FrameList.Numbered(next + i, 1 + ((next + i) * 37 % 700)), _batch[i].Bytes.ToArray());
        return count;
    }
}
