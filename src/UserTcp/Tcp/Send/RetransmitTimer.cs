using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>How long an ACK is waited for (RFC 6298), and how often in vain.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct RetransmitTimer(TcpConfig config)
{
    /// <summary>A sample of so many timeouts is no round trip.</summary>
    private const int SleepFactor = 4;

    private const int MostDoublings = 20;

    private static readonly TimeSpan s_cautious = TimeSpan.FromSeconds(3);

    private RttEstimator _rtt;
    private StrongBox<RttEstimator>? _rttBefore; // most connections never meet a timeout
    private SeqNumber _nextAtTimeout;
    private bool _wasSpurious;
    private bool _isCautious;

    [UnscopedRef]
    public readonly ref readonly RttEstimator Rtt => ref _rtt;

    /// <summary>How often the timeout was doubled (RFC 6298 §5.5).</summary>
    public int Backoff { readonly get; private set; }

    /// <summary>How often the oldest octet was sent again without an answer (R1, R2).</summary>
    public int Retransmissions { readonly get; private set; }

    /// <summary>RTO.</summary>
    public readonly TimeSpan Timeout => Doubled(Backoff, config.MaxRto);

    /// <summary>The persist interval: RTO, doubled, with a bound of its own (RFC 9293 §3.8.6.1, SHLD-30).</summary>
    public readonly TimeSpan PersistInterval(int probes) => Doubled(probes, config.PersistMax);

    /// <summary>
    /// The handshake is over. RFC 6298 §5.7: a second was too short for SYN. Three are for text, until a round trip was
    /// measured.
    /// </summary>
    public void OnEstablished(bool synRetransmitted)
    {
        if (!synRetransmitted || _rtt.HasSample)
            return;

        Backoff = 0;
        _isCautious = true;
    }

    /// <summary>
    /// Whether a sample holds a sleep of the machine: the timer would have run out before. Taken, it would be minutes
    /// of SRTT, and pacing would spread a window over them.
    /// </summary>
    public readonly bool HasSlept(TimeSpan sample) => _rtt.HasSample && sample > SleepFactor * Timeout;

    /// <summary>A round trip was measured. <paramref name="una"/> is SND.UNA.</summary>
    public void OnSample(TimeSpan rtt, SeqNumber una, Instant now)
    {
        _rtt = _rtt.Sample(rtt, now);
        if (_wasSpurious && una > _nextAtTimeout)
        {
            _rtt = _rtt.AfterSpuriousTimeout(_rttBefore!.Value, rtt);
            _wasSpurious = false;
        }

        Backoff = 0; // Karn: a backed-off timeout holds until there is a valid sample (RFC 9293 §3.8.1, MUST-18)
    }

    /// <summary>The timer ran out. <paramref name="next"/> is SND.NXT.</summary>
    /// <returns>Whether it did before, without an answer since.</returns>
    public bool OnTimeout(SeqNumber next)
    {
        bool isRepeated = Retransmissions > 0;
        _wasSpurious = false;
        if (!isRepeated)
        {
            // RFC 4015 §3.1, step 0. Controllers remember their own state.
            _rttBefore ??= new StrongBox<RttEstimator>();
            _rttBefore.Value = _rtt;
            _nextAtTimeout = next;
        }

        Retransmissions++;
        Backoff++;
        return isRepeated;
    }

    /// <summary>The peer answers.</summary>
    public void OnAnswer() => Retransmissions = 0;

    /// <summary>The last timeout was for nothing: the ACK was late.</summary>
    public void OnSpuriousTimeout() => _wasSpurious = true;

    /// <summary>The last loss, or timeout, was spurious.</summary>
    public void OnUndone() => Backoff = 0;

    private readonly TimeSpan Doubled(int times, TimeSpan most)
    {
        TimeSpan initial = _isCautious && config.InitialRto < s_cautious ? s_cautious : config.InitialRto;
        TimeSpan timeout = _rtt.RetransmitTimeout(initial, config.MinRto, config.MaxRto);
        long ticks = times >= MostDoublings ? most.Ticks : timeout.Ticks << times;
        return new TimeSpan(Math.Min(ticks, most.Ticks));
    }
}
