using UserTcp.Links;

namespace UserTcp.Lab.Tests.Pitfalls;

/// <summary>A link on a machine that needs long for each packet: it hands out one at a time, after a pause.</summary>
internal sealed class SlowLink(LinkDevice inner, TimeSpan perPacket) : LinkDevice
{
    private readonly RxBatch _one = new(capacity: 1);

    public override LinkInfo Info => inner.Info;

    public override LinkStatistics Statistics => inner.Statistics;

    public override void SetReceiveAddress(MacAddress address) => inner.SetReceiveAddress(address);

    public override int Receive(RxBatch batch)
    {
        _one.Clear();
        if (inner.Receive(_one) == 0)
            return 0;

        Thread.Sleep(perPacket);
        batch.Add(_one[0].Bytes, _one[0].Offload);
        return 1;
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames) => inner.Transmit(frames);

    public override bool Wait(TimeSpan timeout) => inner.Wait(timeout);

    public override void Wake() => inner.Wake();

    public override void Dispose()
    {
        inner.Dispose();
        _one.Dispose();
    }
}
