using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>
/// SYN-ACKs that nobody has to remember (RFC 4987 §3.6 and Appendix A). The initial sequence number is a keyed hash of
/// the flow, the peer's number and the time, beside the class of the peer's segment size; whoever acknowledges it has
/// received it. The other options travel in the low bits of our timestamp, which the peer echoes; without timestamps
/// they are not used.
/// </summary>
/// <remarks>
/// Deviation from RFC 9293 §3.4.1 (MUST-8): such numbers do not follow a clock. An old duplicate in their window is as
/// unlikely as with any random number; and they are made only where the alternative is no connection at all.
/// </remarks>
internal readonly struct SynCookies(SipHash key)
{
    /// <summary>The time that a cookie names, in steps of this length.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(64);

    /// <summary>A cookie is good in the period in which it was made, and in the next.</summary>
    public const int Periods = 2;

    private const int HashBits = 28;
    private const uint HashMask = (1u << HashBits) - 1;
    private const uint FinishedBit = 1u << 31; // beside the size and whether there are timestamps

    // Rounded down to one of these: the floor, what a silent peer takes, what IPv6's smallest MTU leaves, tunnels, IPv6
    // and PPPoE and IPv4 over Ethernet, and jumbo frames.
    private static readonly ushort[] s_sizes =
        [48, 536, 1024, 1220, 1300, 1360, 1380, 1400, 1420, 1440, 1452, 1460, 3960, 7960, 8940, 8960];

    /// <summary>The answer to a SYN, complete with everything that will have to be known of it.</summary>
    public SegmentPlan SynAck(
        TcpConfig config, in TcpSegment syn, in FlowKey flow, uint timestampOffset, Instant now)
    {
        bool stamps = config.Timestamps && syn.Options.HasTimestamps;
        int size = IndexOf(syn.Options.HasMss ? syn.Options.Mss : flow.Family.DefaultMss.Bytes);
        CookieOptions kept = stamps ? new CookieOptions(syn) : CookieOptions.None;
        var ecn = new EcnNegotiation();
        ecn.OnPeerSyn(Remembered(syn.Seq, size, kept, stamps ? syn.Options.TsVal : null));
        return new SegmentPlan
        {
            Seq = new SeqNumber(((uint)size << HashBits)
                | Hash(flow, syn.Seq, PeriodOf(now), size, BitsOf(stamps, syn.Checksum))),
            Ack = syn.Seq + 1,
            Flags = TcpFlags.Syn | TcpFlags.Ack | ecn.Answer(config.Ecn),
            Window = PassiveOpen.FirstWindow(config),
            Options = Answer(config, syn, kept, timestampOffset, now),
        };
    }

    /// <summary>
    /// Takes a segment that may acknowledge one of our SYN-ACKs: the final ACK of the handshake, or the first text if
    /// that was lost. True with the SYN as far as it was kept, if the cookie is ours and not too old.
    /// </summary>
    public bool TryRead(in TcpSegment ack, in FlowKey flow, Instant now, out TcpSegment syn)
    {
        SeqNumber peer = ack.Seq - 1;
        int size = (int)((ack.Ack - 1).Value >> HashBits);
        bool stamps = ack.Options.HasTimestamps;
        syn = default;
        for (int age = 0; age < Periods; age++)
        {
            if (!IsOurs(ack, flow, PeriodOf(now) - age, size))
                continue;

            CookieOptions kept = stamps ? CookieOptions.FromStamp(ack.Options.TsEcr) : CookieOptions.None;
            syn = Remembered(peer, size, kept, stamps ? ack.Options.TsVal : null);
            return true;
        }

        return false;
    }

    private static TcpSegment Remembered(SeqNumber seq, int size, CookieOptions kept, uint? tsVal) => new()
    {
        Seq = seq,
        Flags = kept.AsksForEcn ? TcpFlags.Syn | TcpFlags.Ece | TcpFlags.Cwr : TcpFlags.Syn,
        Options = new TcpOptions
        {
            HasMss = true,
            Mss = s_sizes[size],
            HasWindowScale = kept.HasWindowScale,
            WindowScale = kept.WindowScale,
            SackPermitted = kept.SackPermitted,
            HasTimestamps = tsVal is not null,
            TsVal = tsVal ?? 0,
        },
    };

    private static TcpOptions Answer(
        TcpConfig config, in TcpSegment syn, CookieOptions kept, uint timestampOffset, Instant now)
    {
        var peer = new Timestamps();
        if (config.Timestamps && syn.Options.HasTimestamps)
            peer.Negotiate(syn.Options.TsVal, now);
        uint clock = unchecked((uint)now.Milliseconds + timestampOffset);
        TcpOptions options = SynOptions.Of(config, kept.Stamp(clock));
        SynOptions.Answer(ref options, kept.SackPermitted, peer, kept.HasWindowScale);
        return options;
    }

    private static long PeriodOf(Instant now) => now.Ticks / Period.Ticks;

    private static int IndexOf(int mss)
    {
        int index = s_sizes.Length - 1;
        while (index > 0 && s_sizes[index] > mss)
        {
            index--;
        }

        return index;
    }

    /// <summary>An unfinished checksum is good only if the SYN had one; the cookie remembers that, too.</summary>
    private bool IsOurs(in TcpSegment ack, in FlowKey flow, long period, int size)
    {
        bool stamps = ack.Options.HasTimestamps;
        uint told = (ack.Ack - 1).Value & HashMask;
        SeqNumber peer = ack.Seq - 1;
        return Hash(flow, peer, period, size, BitsOf(stamps, ChecksumFinding.None)) == told
            || (ack.Checksum != ChecksumFinding.Unfinished
                && Hash(flow, peer, period, size, BitsOf(stamps, ChecksumFinding.Finished)) == told);
    }

    private static uint BitsOf(bool stamps, ChecksumFinding syn) =>
        (stamps ? 1u : 0) | (syn == ChecksumFinding.Finished ? FinishedBit : 0);

    private uint Hash(in FlowKey flow, SeqNumber peer, long period, int size, uint bits)
    {
        ulong state = (ulong)peer.Value << 32 | (uint)size << 1 | bits;
        return (uint)key.Hash(key.Hash(flow) ^ state, (ulong)period) & HashMask;
    }
}

/// <summary>The options of a SYN that the low bits of a timestamp keep.</summary>
internal readonly record struct CookieOptions(byte Bits)
{
    private const int StampBits = 6;
    private const uint StampMask = (1u << StampBits) - 1;
    private const int ScaleMask = 15;
    private const int NoScale = 15;
    private const int SackBit = 1 << 4;
    private const int EcnBit = 1 << 5;

    public CookieOptions(in TcpSegment syn)
        : this((byte)(
            (syn.Options.HasWindowScale ? syn.Options.WindowScale.Shift : NoScale)
            | (syn.Options.SackPermitted ? SackBit : 0)
            | (syn.Has(TcpFlags.Ece | TcpFlags.Cwr) ? EcnBit : 0)))
    {
    }

    public static CookieOptions None => new(NoScale);

    public bool HasWindowScale => (Bits & ScaleMask) != NoScale;

    public WindowScale WindowScale => HasWindowScale ? new WindowScale(Bits & ScaleMask) : WindowScale.None;

    public bool SackPermitted => (Bits & SackBit) != 0;

    public bool AsksForEcn => (Bits & EcnBit) != 0;

    public static CookieOptions FromStamp(uint tsEcr) => new((byte)(tsEcr & StampMask));

    /// <summary>
    /// The latest timestamp that says so and is not after <paramref name="clock"/>: what follows must not be older.
    /// </summary>
    public uint Stamp(uint clock)
    {
        uint stamp = (clock & ~StampMask) | Bits;
        return unchecked((int)(stamp - clock)) > 0 ? stamp - (1u << StampBits) : stamp;
    }
}
