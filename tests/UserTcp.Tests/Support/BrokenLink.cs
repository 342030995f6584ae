using UserTcp.Links;

namespace UserTcp.Tests.Support;

/// <summary>A device that fails to transmit, once it is told to.</summary>
internal sealed class BrokenLink(LinkDevice inner) : LinkDevice
{
    public volatile bool IsBroken;

    public Exception Failure { get; set; } = new InvalidOperationException("The device is broken.");

    public override LinkInfo Info => inner.Info;

    public override int Receive(RxBatch batch) => inner.Receive(batch);

    public override int Transmit(ReadOnlySpan<TxFrame> frames) =>
        IsBroken ? throw Failure : inner.Transmit(frames);

    public override bool Wait(TimeSpan timeout) => inner.Wait(timeout);

    public override void Wake() => inner.Wake();

    public override void Dispose() => inner.Dispose();
}
