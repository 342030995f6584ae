using System.Runtime.CompilerServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>How long an ACK is waited for (RFC 6298).</content>
internal sealed partial class Sender
{
    private TimeSpan _initialRto = config.InitialRto;
    private StrongBox<RttEstimator>? _rttBeforeTimeout; // most connections never meet a timeout
    private SeqNumber _nextAtTimeout;
    private bool _wasSpurious;

    /// <summary>How often the timeout was doubled (RFC 6298 §5.5).</summary>
    public int Backoff { get; private set; }

    public TimeSpan RetransmitTimeout
    {
        get
        {
            TimeSpan timeout = Rtt.RetransmitTimeout(_initialRto, config.MinRto, config.MaxRto);
            long ticks = Backoff >= 20 ? config.MaxRto.Ticks : timeout.Ticks << Backoff;
            return new TimeSpan(Math.Min(ticks, config.MaxRto.Ticks));
        }
    }

    /// <summary>The persist interval: RTO, doubled, with a bound of its own (RFC 9293 §3.8.6.1, SHLD-30).</summary>
    public TimeSpan PersistInterval(int probes)
    {
        TimeSpan timeout = Rtt.RetransmitTimeout(_initialRto, config.MinRto, config.MaxRto);
        long ticks = probes >= 20 ? config.PersistMax.Ticks : timeout.Ticks << probes;
        return new TimeSpan(Math.Min(ticks, config.PersistMax.Ticks));
    }

    // RFC 6298 §5.7: a second was too short for SYN. Three are for text, until a round trip was measured.
    private void ResetTimeout()
    {
        const int Seconds = 3;
        if (!SynRetransmitted || Rtt.HasSample)
            return;

        Backoff = 0;
        var cautious = TimeSpan.FromSeconds(Seconds);
        _initialRto = _initialRto > cautious ? _initialRto : cautious;
    }

    // RFC 4015 §3.1, step 0. What congestion control was, controllers remember themselves.
    private void NoteTimeout(bool isRepeated)
    {
        _wasSpurious = false;
        if (isRepeated)
            return;

        _rttBeforeTimeout ??= new StrongBox<RttEstimator>();
        _rttBeforeTimeout.Value = Rtt;
        _nextAtTimeout = Next;
    }

    private void TakeSample(TimeSpan rtt, Instant now)
    {
        Rtt = Rtt.Sample(rtt, now);
        if (_wasSpurious && Una > _nextAtTimeout)
        {
            Rtt = Rtt.AfterSpuriousTimeout(_rttBeforeTimeout!.Value, rtt);
            _wasSpurious = false;
        }

        Backoff = 0; // Karn: a backed-off timeout holds until there is a valid sample (RFC 9293 §3.8.1, MUST-18)
        _probe.OnRttSample();
    }
}
