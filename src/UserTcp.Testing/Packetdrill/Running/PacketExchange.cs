using UserTcp.Primitives;
using UserTcp.Testing.Packetdrill.Syntax;
using UserTcp.Wire;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>The packets of a script: those that it injects, and those that the stack must send.</summary>
internal sealed class PacketExchange(VirtualMachine machine, ScriptClock clock)
{
    private const ushort LocalPort = 8080;
    private const ushort FirstRemotePort = 50_000;

    /// <summary>For what may come whenever it likes: no timer of the stack's is longer.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromHours(3);

    /// <summary>Timers are coarse, and each system has its own way to round them (RFC 6298 §2, G).</summary>
    private const int CoarsePercent = 10;

    private readonly Dictionary<PortPair, NumberMap> _maps = [];
    private readonly AckLatitude _acks = new();
    private PortPair _ports = new(LocalPort, FirstRemotePort);
    private bool _isNewPeer;
    private bool _hasPorts;
    private int _at;

    public required bool IsStrict { get; init; }

    /// <summary>Whether segments must be cut as they are written.</summary>
    public required bool IsSegmentationStrict { get; init; }

    /// <summary>Whether a segment with SYN and FIN is kept from the stack, as by a filter.</summary>
    public Func<bool> DropsSynFin { get; init; } = static () => false;

    private NumberMap Numbers
    {
        get
        {
            if (!_maps.TryGetValue(_ports, out NumberMap? numbers))
                _maps[_ports] = numbers = new NumberMap();
            return numbers;
        }
    }

    /// <summary>A socket listens: the next SYN is that of a new peer.</summary>
    public void OnListen() => _isNewPeer = true;

    /// <param name="packet">The packet.</param>
    /// <param name="hasFollowers">Whether more of its batch follow: the stack sends nothing before.</param>
    public void Inject(PacketEvent packet, bool hasFollowers)
    {
        PacketPattern pattern = packet.Packet;
        if (_isNewPeer && pattern.IsSyn && !pattern.HasAck && pattern.Icmp is null)
        {
            _isNewPeer = false;
            _ports = new PortPair(LocalPort, (ushort)(_ports.Remote + 1));
        }

        SwitchTo(pattern);
        byte[] bytes = new PacketBuilder(Numbers).Build(pattern, _ports, packet.Line);
        bool isSynFin = pattern.IsSyn && pattern.Flags.Contains('F', StringComparison.Ordinal);
        if (!isSynFin || !DropsSynFin())
            machine.Inject(bytes);
        if (!hasFollowers)
            machine.Turn();
    }

    // Of several connections at a time each packet says which it is about.
    private void SwitchTo(PacketPattern pattern)
    {
        if (pattern.Ports is not { } ports)
            return;

        _hasPorts = true;
        _ports = new PortPair(ports.Local, ports.Remote);
    }

    /// <summary>The stack must send this. Answers when it did.</summary>
    public TimeSpan Expect(PacketEvent packet)
    {
        SwitchTo(packet.Packet);
        (TimeSpan start, TimeSpan end) = clock.Due(packet.Time);
        TimeSpan slack = clock.SlackOf(packet.Time, IsStrict ? 0 : CoarsePercent);
        bool isAnyTime = packet.Time.Kind == TimeKind.Any;
        bool mayBeDelayed = !isAnyTime && !IsStrict && AckLatitude.MayBeDelayed(packet.Packet);
        TimeSpan longest = mayBeDelayed ? AckLatitude.LongestDelay : TimeSpan.Zero;
        Instant latest = isAnyTime ? machine.Now + s_longestWait : ScriptClock.OnWire(end + slack + longest);
        if (packet.Packet.Icmp is { } icmp)
            return ExpectIcmp(packet, icmp, latest, isAnyTime ? TimeSpan.Zero : start - slack);

        SentSegmentView sent = TakeMatch(packet, latest);
        TimeSpan at = ScriptClock.InScript(sent.At);
        if (!isAnyTime && at > end + slack && mayBeDelayed)
            clock.Stretch(at - end);
        else if (!isAnyTime && (at > end + slack || (at < start - slack && !mayBeDelayed)))
            throw Differs(packet, "the time differs", sent);

        LearnStamp(packet.Packet, sent);
        _acks.OnMatched(sent);
        return at;
    }

    private TimeSpan ExpectIcmp(PacketEvent packet, IcmpPattern icmp, Instant latest, TimeSpan earliest)
    {
        WirePacket? sent = null;
        if (!machine.Run(latest, () => (sent = machine.Sent.Find(one => SentIcmp.IsLike(one, icmp))) is not null))
            throw NothingCame(packet);

        machine.Sent.Remove(sent!);
        TimeSpan at = ScriptClock.InScript(sent!.At);
        return at >= earliest
            ? at
            : throw new ScriptException(packet.Line, $"it was sent at {ScriptClock.Text(at)} s{Expected(packet)}");
    }

    private SentSegmentView TakeMatch(PacketEvent packet, Instant latest)
    {
        while (true)
        {
            SentSegmentView sent = TakeText(packet, latest);
            if (PacketMatcher.Difference(packet.Packet, sent, IsStrict) is not { } difference)
                return sent;
            if (IsStrict || !_acks.MaySkip(sent, packet.Packet))
                throw Differs(packet, $"the {difference} differs", sent);
        }
    }

    // What the stack sent in several pieces is compared as one, as far as the script has it in one.
    private SentSegmentView TakeText(PacketEvent packet, Instant latest)
    {
        SentSegmentView sent = Take(packet, latest);
        while (!IsSegmentationStrict && sent.Length > 0 && sent.Length < packet.Packet.Length)
        {
            if (Peek(latest) is not { } next || next.Start != sent.End || next.Length == 0)
                break;

            machine.Sent.RemoveAt(_at);
            sent = next with { At = sent.At, Start = sent.Start, Length = sent.Length + next.Length };
        }

        return sent;
    }

    private SentSegmentView Take(PacketEvent packet, Instant latest)
    {
        if (Peek(latest, packet.Packet) is not { } sent)
            throw NothingCame(packet);

        machine.Sent.RemoveAt(_at);
        return sent;
    }

    private ScriptException NothingCame(PacketEvent packet) => new(packet.Line,
        $"nothing was sent until {ScriptClock.Text(ScriptClock.InScript(machine.Now))} s{Expected(packet)}");

    private SentSegmentView? Peek(Instant latest, PacketPattern? expected = null)
    {
        for (_at = 0; machine.Run(latest, () => machine.Sent.Count > _at);)
        {
            if (View(machine.Sent[_at], expected) is { } view)
                return view;

            // Others may be spoken of later: ICMP, and other connections if packets say of which one they are.
            bool mayBeSpokenOf = _hasPorts || !SentSegmentView.IsTcp(machine.Sent[_at]);
            if (mayBeSpokenOf)
                _at++;
            else
                machine.Sent.RemoveAt(_at);
        }

        return null;
    }

    // Null for what belongs to another connection, or is no TCP.
    private SentSegmentView? View(WirePacket packet, PacketPattern? expected)
    {
        if (SentSegmentView.Parse(packet, Numbers) is not { } view)
            return null;

        bool isSyn = (view.Flags & TcpFlags.Syn) != 0;
        if (isSyn && (view.Flags & TcpFlags.Ack) == 0 && !_hasPorts)
            _ports = view.Ports;
        if (view.Ports != _ports)
            return null;
        if (isSyn && expected is not null)
            Numbers.LearnLocal(expected.Start, view.WireSeq);
        return SentSegmentView.Parse(packet, Numbers);
    }

    private void LearnStamp(PacketPattern expected, SentSegmentView sent)
    {
        OptionPattern? live = sent.Options.FirstOrDefault(option => option.Kind == OptionKind.Timestamps);
        OptionPattern? script = expected.Options?.FirstOrDefault(option => option.Kind == OptionKind.Timestamps);
        if (live is not null && script is not null)
            Numbers.LearnStamp(script.Value, live.Value);
    }

    private static ScriptException Differs(PacketEvent packet, string what, SentSegmentView sent) => new(packet.Line,
        $"{what}{Expected(packet)}{Environment.NewLine}    came:     "
        + $"{ScriptClock.Text(ScriptClock.InScript(sent.At))} > {sent}");

    private static string Expected(PacketEvent packet) => $"{Environment.NewLine}    expected: {packet.Text}";
}
