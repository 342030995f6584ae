using UserTcp.Links;

namespace UserTcp.Tool.Tests.Support;

/// <summary>The link of a peer that sends everything twice, or that stops receiving once it has answered.</summary>
internal sealed class PeerLink(LinkDevice inner) : LinkDevice
{
    private const int IcmpProtocol = 1;

    private readonly ManualResetEventSlim _gate = new(initialState: true);
    private bool _isStopped;

    public bool SendsTwice { get; init; }

    public bool StopsAfterEcho { get; init; }

    public override LinkInfo Info => inner.Info;

    public override LinkStatistics Statistics => inner.Statistics;

    /// <summary>Lets it receive for good.</summary>
    public void GoOn() => _gate.Set();

    public override void SetReceiveAddress(MacAddress address) => inner.SetReceiveAddress(address);

    public override int Receive(RxBatch batch)
    {
        _gate.Wait();
        return inner.Receive(batch);
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        foreach (TxFrame frame in frames)
        {
            byte[] whole = new byte[frame.Length];
            frame.CopyTo(whole);
            bool isEcho = whole.Length > 23 && whole[12] == 8 && whole[23] == IcmpProtocol;
            if (StopsAfterEcho && isEcho && !_isStopped)
            {
                _isStopped = true;
                _gate.Reset();
            }
        }

        int sent = inner.Transmit(frames);
        if (SendsTwice)
            inner.Transmit(frames[..sent]);
        return sent;
    }

    public override bool Wait(TimeSpan timeout) => inner.Wait(timeout);

    public override void Wake() => inner.Wake();

    public override void Dispose()
    {
        _gate.Set();
        inner.Dispose();
    }
}
