using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Tests.Links;

/// <summary>Decorators around devices with several queues.</summary>
public sealed class DecoratorQueueTests : IDisposable
{
    private readonly RxBatch _batch = new();

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void The_software_offload_of_each_queue_cuts_and_sums()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(new VirtualLinkOptions { Features = LinkFeatures.None });
        IReadOnlyList<LinkDevice> queues = new SoftwareOffload(a).OpenQueues(3);
        var super = new SuperSegment { SegmentSize = 1448 };
        foreach (LinkDevice queue in queues)
        {
            Assert.IsType<SoftwareOffload>(queue);
            queue.Transmit(super.AddTo(new FrameList()).ToArray());
            b.Receive(_batch);
            Assert.Equal(super.Cut(), Bytes());
        }
    }

    [Fact]
    public void The_software_offload_counts_the_drops_of_all_queues()
    {
        (VirtualLink a, _) = VirtualLink.CreatePair(new VirtualLinkOptions { Features = LinkFeatures.None });
        IReadOnlyList<LinkDevice> queues = new SoftwareOffload(a).OpenQueues(3);
        var absurd = new FrameOffload { Segmentation = SegmentationOffload.TcpV4 };
        foreach (LinkDevice queue in queues)
            queue.Transmit(new FrameList().Add(new byte[60], offload: absurd).ToArray());

        Assert.All(queues, queue => Assert.Equal(3, queue.Statistics.TransmitDropped));
    }

    [Fact]
    public void What_is_left_of_a_super_segment_stays_in_its_queue()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(
            new VirtualLinkOptions { Features = LinkFeatures.None, QueueFrames = 2 });
        IReadOnlyList<LinkDevice> queues = new SoftwareOffload(a).OpenQueues(2);
        var super = new SuperSegment { SegmentSize = 1448 };
        Assert.Equal(1, queues[1].Transmit(super.AddTo(new FrameList()).ToArray()));
        b.Receive(_batch);
        queues[0].Receive(_batch);
        Assert.Equal(0, b.Receive(_batch));
        queues[1].Receive(_batch);
        b.Receive(_batch);

        Assert.Equal(super.Cut(), Bytes());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decorators_pass_on_the_formula(bool isCapture)
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        var steering = new Steering(3, 7);
        LinkDevice link = isCapture ? new CaptureLink(b, new MemoryStream()) : new SoftwareOffload(b);
        IReadOnlyList<LinkDevice> queues = link.OpenQueues(3);
        link.Steer(steering);
        a.Transmit([.. FlowFrame.OnePerQueue(steering).Select(flow => FlowFrame.Create(flow, 0))]);

        Assert.Same(link, queues[0]);
        Assert.All(queues, queue => Assert.Equal(1, queue.Receive(_batch)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decorators_of_a_device_with_one_queue_have_one(bool isCapture)
    {
        var device = new CrowdedDevice(1);
        LinkDevice link = isCapture ? new CaptureLink(device, new MemoryStream()) : new SoftwareOffload(device);
        Assert.Equal([link], link.OpenQueues(5));
    }

    [Fact]
    public void All_queues_are_captured_in_one_file_that_the_first_one_closes()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        var steering = new Steering(2, 7);
        int[] flows = FlowFrame.OnePerQueue(steering);
        using var stream = new MemoryStream();
        var link = new CaptureLink(b, stream);
        IReadOnlyList<LinkDevice> queues = link.OpenQueues(2);
        link.Steer(steering);

        queues[1].Transmit([FlowFrame.Create(flows[1], 1)]);
        queues[0].Transmit([FlowFrame.Create(flows[0], 2)]);
        queues[1].Dispose();
        a.Transmit([FlowFrame.Create(flows[1], 3)]);
        queues[1].Receive(_batch);
        queues[0].Dispose();

        Assert.Equal([1, 2, 3], new PcapngFile(stream.ToArray()).Packets.Select(p => FlowFrame.Read(p.Bytes).Number));
        Assert.Null(link.CaptureFailure);
        Assert.Throws<ObjectDisposedException>(() => b.Receive(_batch));
    }

    private byte[][] Bytes()
    {
        byte[][] frames = [.. Enumerable.Range(0, _batch.Count).Select(i => _batch[i].Bytes.ToArray())];
        _batch.Clear();
        return frames;
    }
}
