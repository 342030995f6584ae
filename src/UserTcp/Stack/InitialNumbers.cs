using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>The numbers at which connections of this host begin.</summary>
internal sealed class InitialNumbers(SipHash key)
{
    // Further than a window of the old incarnation's could reach, where the clock alone has not gone that far.
    private const uint Apart = 1 << 24;

    /// <param name="flow">The flow.</param>
    /// <param name="beyond">Where the last incarnation ended, if it is known.</param>
    /// <param name="now">The time, which moves the numbers on.</param>
    public SeqNumber Sequence(in FlowKey flow, SeqNumber? beyond, Instant now)
    {
        SeqNumber iss = InitialSequence.For(key, flow, now);
        return beyond is { } old && iss <= old ? old + Apart : iss;
    }

    public uint TimestampOffset(in FlowKey flow) => InitialSequence.TimestampOffset(key, flow);
}
