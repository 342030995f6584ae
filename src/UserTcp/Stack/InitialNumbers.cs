using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// The numbers at which connections begin: those of a clock, moved on behind the last incarnation of the flow where it
/// sent faster than the clock counts. However it ended, its late text lies before the window of the next (RFC 9293
/// §3.4.1).
/// </summary>
/// <param name="key">Makes the numbers a secret.</param>
internal sealed class InitialNumbers(SipHash key)
{
    private const int LeadBits = 10;

    // How far the flows of a slot are ahead of their clocks. Flows that share a slot move one another on: no harm.
    private readonly uint[] _leads = new uint[1 << LeadBits];

    /// <summary>The ISS of the flow's next incarnation.</summary>
    public SeqNumber Next(in FlowKey flow, Instant now)
    {
        ulong hash = key.Hash(flow);
        return InitialSequence.For(hash, now) + _leads[SlotOf(hash)];
    }

    /// <summary>An incarnation of the flow has ended.</summary>
    /// <param name="flow">The flow.</param>
    /// <param name="sendNext">Its SND.NXT. The octet of a window probe may lie there.</param>
    /// <param name="now">The time.</param>
    public void OnEnded(in FlowKey flow, SeqNumber sendNext, Instant now)
    {
        ulong hash = key.Hash(flow);
        ref uint lead = ref _leads[SlotOf(hash)];
        int missing = sendNext + 1 - (InitialSequence.For(hash, now) + lead);
        if (missing > 0)
            lead = unchecked(lead + (uint)missing);
    }

    public uint TimestampOffset(in FlowKey flow) => InitialSequence.TimestampOffset(key, flow);

    // InitialSequence takes the low bits.
    private static int SlotOf(ulong hash) => (int)(hash >> (64 - LeadBits));
}
