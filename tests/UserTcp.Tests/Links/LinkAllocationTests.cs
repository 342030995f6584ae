using UserTcp.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Links;

/// <summary>Runs alone: collections that other tests cause are charged to the thread that is measured.</summary>
[CollectionDefinition(nameof(LinkAllocationTests), DisableParallelization = true)]
[Collection(nameof(LinkAllocationTests))]
public sealed class LinkAllocationTests : IDisposable
{
    private readonly RxBatch _batch = new(100);

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void Carrying_frames_allocates_nothing()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        TxFrame[] frames = new FrameList().Add(new byte[54], new byte[1460]).Add(new byte[54]).ToArray();

        Allocation.IsNone(() => Exchange(a, b, frames), rounds: 200);
        Assert.Equal(0, a.Statistics.TransmitDropped);
    }

    [Fact]
    public void Cutting_and_summing_allocates_nothing()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(
            new VirtualLinkOptions { Features = LinkFeatures.None, QueueFrames = 100 });
        using var link = new SoftwareOffload(a);
        var super = new SuperSegment { Payload = 44 * 1448, SegmentSize = 1448 };
        TxFrame[] frames = super.AddTo(super.AddTo(super.AddTo(new FrameList(), 1000)), inOnePiece: true).ToArray();

        Exchange(link, b, frames); // makes the buffers of the first use
        Allocation.IsNone(() => Exchange(link, b, frames), rounds: 200);
        Assert.Equal(0, link.Statistics.TransmitDropped);
    }

    private void Exchange(LinkDevice from, VirtualLink to, TxFrame[] frames)
    {
        for (int sent = 0; sent < frames.Length;)
        {
            sent += from.Transmit(frames.AsSpan(sent));
            to.Wait(TimeSpan.Zero);
            _batch.Clear();
            to.Receive(_batch);
        }
    }
}
