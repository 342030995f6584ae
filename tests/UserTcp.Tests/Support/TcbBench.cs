using System.Buffers;
using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Tests.Support;

/// <summary>
/// One TCB between a scripted peer and a scripted user, in virtual time. Our ISS is 100, the peer's 1000: after the
/// handshake SND.NXT = 101 and RCV.NXT = 1001. Unless told otherwise: MSS 1000 both ways, no options, the peer's window
/// 65,535. Octet n of either stream has the value of <see cref="Octet"/>, and every text is checked against it.
/// </summary>
internal sealed class TcbBench
{
    public const uint OurIss = 100;
    public const uint PeerIss = 1000;

    private readonly SendQueue _send;
    private readonly ReceiveQueue _receive;
    private long _written;
    private uint _peerWindow = 65_535;

    private TcbBench(TcpConfig? config, Func<TcpConfig, SendQueue, ReceiveQueue, Instant, Tcb>? make,
        long budget = 64 << 20)
    {
        Config = config ?? Defaults();
        Pool = new ChunkPool(budget);
        _send = new SendQueue(Pool);
        _receive = new ReceiveQueue(Pool, Config.ReceiveBufferBytes);
        Now = new Instant(TimeSpan.FromSeconds(1000).Ticks);
        Tcb = make?.Invoke(Config, _send, _receive, Now)
            ?? new Tcb(Config, IpFamily.V4, _send, _receive, new SeqNumber(OurIss), timestampOffset: 0);
    }

    public Tcb Tcb { get; }

    public TcpConfig Config { get; }

    public Instant Now { get; private set; }

    public Effects Seen { get; private set; }

    public TcbReport Report => Tcb.Describe(Now);

    /// <summary>The memory that both queues draw on.</summary>
    public ChunkPool Pool { get; }

    public ReceiveQueue Receive => _receive;

    public SendQueue Send => _send;

    /// <summary>What a bench is made with; change it with an initializer: <c>Defaults(noDelay: false)</c>.</summary>
    public static TcpConfig Defaults(
        bool options = false, int receiveBuffer = 65_535, int sendBuffer = 1 << 20, bool noDelay = true, int mss = 1000,
        int gso = 0, bool keepAlive = false, TimeSpan? userTimeout = null, int r2 = 15,
            ChallengeBudget? challengeBudget = null,
        bool sack = false, bool timestamps = false, bool scaling = false,
        UserTcpLossRecoveryOptions? recovery = null, CongestionControl? congestion = null) => new()
        {
            CongestionControl = congestion ?? CongestionControl.NewReno,
            LossRecovery = recovery ?? new UserTcpLossRecoveryOptions(),
            WindowScaling = options || scaling,
            SelectiveAcknowledgments = options || sack,
            Timestamps = options || timestamps,
            ReceiveBufferBytes = receiveBuffer,
            SendBufferBytes = sendBuffer,
            ReceiveMss = new Mss(mss),
            Live = new LiveSettings { NoDelay = noDelay, KeepAlive = keepAlive, UserTimeout = userTimeout },
            MaxGsoBytes = gso,
            R2 = r2,
            ChallengeBudget = challengeBudget,
        };

    /// <summary>A budget for challenge ACKs.</summary>
    public static ChallengeBudget Challenges(int perConnection, int perSecond = 1_000_000) =>
        new(new RateLimit(perSecond, new SipHash(5, 6)), perConnection);

    public static TcbBench Closed(TcpConfig? config = null) => new(config, null);

    /// <summary>After OPEN and the SYN.</summary>
    public static TcbBench SynSent(TcpConfig? config = null)
    {
        TcbBench bench = Closed(config).Calls(UserCall.Open).Sends($"<SEQ={OurIss}><CTL=SYN>").Silent();
        return bench.State(TcpState.SynSent);
    }

    /// <summary>After OPEN and a SYN that asks for ECN.</summary>
    public static TcbBench EcnSynSent(TcpConfig config) =>
        Closed(config).Calls(UserCall.Open).Sends($"<SEQ={OurIss}><CTL=SYN,ECE,CWR><ECN=NotEct>").Silent()
            .State(TcpState.SynSent);

    /// <summary>After an active open; the peer's SYN-ACK carries the given options.</summary>
    public static TcbBench Established(TcpConfig? config = null, string synAck = "<MSS=1000>", uint window = 65_535)
    {
        bool asksForEcn = config?.Ecn == UserTcpEcnMode.Active;
        TcbBench bench = asksForEcn ? EcnSynSent(config!) : SynSent(config);
        bench._peerWindow = window;
        string agrees = asksForEcn ? ",ECE" : "";
        bench.Arrives($"<SEQ={PeerIss}><ACK={OurIss + 1}><CTL=SYN,ACK{agrees}><WND={Math.Min(window, 65_535)}>{synAck}")
            .Sends($"<SEQ={OurIss + 1}><ACK={PeerIss + 1}><CTL=ACK>")
            .State(TcpState.Established);
        bench.Seen = Effects.None;
        return bench;
    }

    /// <summary>The same with the first quick ACKs used up, so that delayed ACKs are in force.</summary>
    public static TcbBench Settled(TcpConfig? config = null, string synAck = "<MSS=1000>")
    {
        TcbBench bench = Established(config, synAck);
        uint seq = PeerIss + 1;
        for (int i = 0; i < 10; i++, seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>").Sends($"<ACK={seq + 1000}><CTL=ACK>");
        }

        return bench.Reads(10_000);
    }

    /// <summary>A passive open whose handshake the given segment completes; CTL adds to the flags of the SYN.</summary>
    public static TcbBench Passive(TcpConfig? config = null, string synOptions = "<MSS=1000>")
    {
        config ??= Defaults();
        SegmentText syn = SegmentText.Parse(synOptions);
        return new TcbBench(config, (c, send, receive, now) =>
        {
            var segment = new TcpSegment
            {
                Seq = new SeqNumber(PeerIss), Flags = TcpFlags.Syn | syn.Flags(), Window = new WireWindow(65_535),
                    Options = syn.Options(),
            };
            PassiveOpen open = PassiveOpen.FromSyn(c, segment, new SeqNumber(OurIss), 0, now);
            open.SynAck(now);
            return new Tcb(c, IpFamily.V4, send, receive, open, now);
        });
    }

    /// <summary>Moves an established bench to a state by the shortest path of the diagram.</summary>
    public static TcbBench In(TcpState state, TcpConfig? config = null)
    {
        if (state == TcpState.SynSent)
            return SynSent(config);
        if (state == TcpState.SynReceived)
        {
            return SynSent(config).Arrives($"<SEQ={PeerIss}><CTL=SYN><WND=65535><MSS=1000>")
                .Sends($"<SEQ={OurIss}><ACK={PeerIss + 1}><CTL=SYN,ACK>").State(state);
        }

        TcbBench bench = Established(config);
        switch (state)
        {
            case TcpState.FinWait1:
                bench.Calls(UserCall.Close).Sends("<SEQ=101><CTL=FIN,ACK>");
                break;
            case TcpState.FinWait2:
                bench.Calls(UserCall.Close).Sends("<SEQ=101><CTL=FIN,ACK>").Arrives("<SEQ=1001><ACK=102><CTL=ACK>");
                break;
            case TcpState.CloseWait:
                bench.Arrives("<SEQ=1001><ACK=101><CTL=FIN,ACK>").Sends("<SEQ=101><ACK=1002><CTL=ACK>");
                break;
            case TcpState.Closing:
                bench.Calls(UserCall.Close).Sends("<SEQ=101><CTL=FIN,ACK>")
                    .Arrives("<SEQ=1001><ACK=101><CTL=FIN,ACK>").Sends("<SEQ=102><ACK=1002><CTL=ACK>");
                break;
            case TcpState.LastAck:
                bench.Arrives("<SEQ=1001><ACK=101><CTL=FIN,ACK>").Sends("<SEQ=101><ACK=1002><CTL=ACK>")
                    .Calls(UserCall.Close).Sends("<SEQ=101><ACK=1002><CTL=FIN,ACK>");
                break;
        }

        bench.Seen = Effects.None;
        return bench.State(state);
    }

    public static byte Octet(long position) => (byte)(position * 31 + (position >> 8) * 7);

    /// <summary>
    /// A segment from the peer. Missing fields: ACK = SND.NXT where the ACK bit is set, WND = the last one.
    /// </summary>
    public TcbBench Arrives(string text)
    {
        SegmentText parsed = SegmentText.Parse(text);
        _peerWindow = parsed.Number("WND", _peerWindow);
        var seq = new SeqNumber(parsed.Number("SEQ"));
        byte[] octets = new byte[parsed.Number("LEN")];
        TcpFlags flags = parsed.Flags();
        SeqNumber firstOctet = seq + ((flags & TcpFlags.Syn) != 0 ? 1u : 0u);
        for (int i = 0; i < octets.Length; i++)
        {
            octets[i] = Octet(firstOctet + i - new SeqNumber(PeerIss + 1));
        }

        var segment = new TcpSegment
        {
            Seq = seq,
            Ack = new SeqNumber(parsed.Number("ACK", (flags & TcpFlags.Ack) != 0 ? LastSeqEnd.Value : 0)),
            Flags = flags,
            Window = new WireWindow((ushort)Math.Min(_peerWindow, 65_535)),
            UrgentPointer = (ushort)parsed.Number("UP"),
            Options = parsed.Options(),
            Text = octets,
            Ecn = parsed.Ecn(),
        };
        Seen |= Tcb.OnSegmentArrives(segment, Now);
        return this;
    }

    /// <summary>SND.NXT as the peer would know it if nothing was lost.</summary>
    public SeqNumber LastSeqEnd { get; private set; } = new(OurIss + 1);

    /// <summary>
    /// The next segment has exactly these fields; LEN is 0 and GSO unspecified where they are not given.
    /// </summary>
    public TcbBench Sends(string text)
    {
        SegmentText expected = SegmentText.Parse(text);
        Assert.True(Tcb.TryNextSegment(Now, out SegmentPlan plan), $"nothing is sent, but expected {text}");
        Assert.Equal(expected.Normalized(), SegmentText.Render(plan, expected));
        NoteSent(plan);
        return this;
    }

    /// <summary>Nothing more is sent now.</summary>
    public TcbBench Silent()
    {
        if (Tcb.TryNextSegment(Now, out SegmentPlan plan))
            Assert.Fail($"sends {SegmentText.Render(plan, SegmentText.Parse("<SEQ><ACK><WND>"))}");
        return this;
    }

    /// <summary>Pulls until nothing is left, and returns what came.</summary>
    public List<SegmentPlan> Drain()
    {
        var plans = new List<SegmentPlan>();
        while (Tcb.TryNextSegment(Now, out SegmentPlan plan))
        {
            NoteSent(plan);
            plans.Add(plan);
            Assert.True(plans.Count < 100_000, "sends without end");
        }

        return plans;
    }

    public TcbBench State(TcpState state)
    {
        Assert.Equal(state, Tcb.State);
        return this;
    }

    public TcbBench ClosedBy(UserTcpCloseReason reason)
    {
        Assert.Equal(reason, Tcb.CloseReason);
        Assert.True(Seen.HasFlag(Effects.Closed) || Seen.HasFlag(Effects.TimeWait));
        return this;
    }

    public TcbBench Saw(Effects effects)
    {
        Assert.Equal(effects, Seen & effects);
        Seen = Effects.None;
        return this;
    }

    public TcbBench DidNotSee(Effects effects)
    {
        Assert.Equal(Effects.None, Seen & effects);
        return this;
    }

    public TcbBench Calls(UserCall call)
    {
        Seen |= Tcb.OnUserCall(call, Now);
        return this;
    }

    /// <summary>The user changes settings while the connection lives.</summary>
    public TcbBench Changes(Func<LiveSettings, LiveSettings> change)
    {
        Tcb.Live = change(Tcb.Live);
        return Calls(UserCall.Reconfigure);
    }

    /// <summary>The user writes so many octets.</summary>
    public TcbBench Writes(int count, bool urgent = false)
    {
        while (count > 0)
        {
            Span<byte> memory = _send.GetMemory(Math.Min(count, 4096)).Span;
            int part = Math.Min(count, memory.Length);
            for (int i = 0; i < part; i++)
            {
                memory[i] = Octet(_written + i);
            }

            _send.Advance(part);
            _written += part;
            count -= part;
        }

        _send.Publish();
        return Calls(urgent ? UserCall.SendUrgent(_send.End) : UserCall.Send);
    }

    /// <summary>The user reads so many octets, and they are the right ones.</summary>
    public TcbBench Reads(int count)
    {
        ReadOnlySequence<byte> sequence = _receive.Read();
        Assert.True(sequence.Length >= count, $"{sequence.Length} octets are readable, not {count}");
        long position = _receive.Consumed;
        foreach (byte octet in sequence.Slice(0, count).ToArray())
        {
            Assert.Equal(Octet(position++), octet);
        }

        _receive.AdvanceTo(position, Math.Max(position, _receive.Examined));
        return Calls(UserCall.Receive);
    }

    /// <summary>The number of octets that can be read.</summary>
    public TcbBench Readable(long count)
    {
        Assert.Equal(count, _receive.Unconsumed);
        return this;
    }

    public TcbBench EndOfStream()
    {
        Assert.True(_receive.IsFinished);
        return this;
    }

    /// <summary>Lets time pass; timers fire at their deadlines, and nothing is pulled meanwhile.</summary>
    public TcbBench After(TimeSpan time)
    {
        Instant end = Now + time;
        while (Tcb.NextDeadline <= end)
        {
            Now = Instant.Max(Now, Tcb.NextDeadline);
            Seen |= Tcb.OnTimeout(Now);
        }

        Now = end;
        return this;
    }

    public TcbBench AfterMs(double milliseconds) => After(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Lets time pass up to the next deadline, at most so long, and says how long it was.</summary>
    public TimeSpan ToDeadline()
    {
        Assert.False(Tcb.NextDeadline.IsNever, "no timer is armed");
        TimeSpan wait = Tcb.NextDeadline - Now;
        Now = Instant.Max(Now, Tcb.NextDeadline);
        Seen |= Tcb.OnTimeout(Now);
        return wait;
    }

    /// <summary>Time passes without a timer being looked at.</summary>
    public TcbBench Elapse(TimeSpan time)
    {
        Now += time;
        return this;
    }

    private void NoteSent(in SegmentPlan plan)
    {
        Span<byte> text = new byte[plan.PayloadLength];
        Assert.Equal(text.Length, _send.CopyTo(plan.PayloadOffset, text));
        for (int i = 0; i < text.Length; i++)
        {
            Assert.Equal(Octet(plan.Seq - new SeqNumber(OurIss + 1) + i), text[i]);
        }

        uint length = (uint)plan.PayloadLength + (plan.Flags.HasFlag(TcpFlags.Fin) ? 1u
            : 0) + (plan.Flags.HasFlag(TcpFlags.Syn) ? 1u : 0);
        LastSeqEnd = SeqNumber.Max(LastSeqEnd, plan.Seq + length);
    }
}
