using UserTcp.Links;

namespace UserTcp.Lab.Tests.Pitfalls;

/// <summary>A link whose receiving stops while its gate is closed, as if the process had stopped there.</summary>
internal sealed class GateLink(LinkDevice inner) : LinkDevice
{
    public ManualResetEventSlim Gate { get; } = new(initialState: true);

    public override LinkInfo Info => inner.Info;

    public override LinkStatistics Statistics => inner.Statistics;

    public override void SetReceiveAddress(MacAddress address) => inner.SetReceiveAddress(address);

    public override int Receive(RxBatch batch)
    {
        Gate.Wait();
        return inner.Receive(batch);
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames) => inner.Transmit(frames);

    public override bool Wait(TimeSpan timeout) => inner.Wait(timeout);

    public override void Wake() => inner.Wake();

    public override void Dispose()
    {
        inner.Dispose();
        Gate.Dispose();
    }
}
