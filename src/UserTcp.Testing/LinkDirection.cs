using UserTcp.Primitives;
using UserTcp.Testing.Network;
using UserTcp.Testing.Rules;

namespace UserTcp.Testing;

/// <summary>
/// One direction of a link. Rules decide about a frame when it enters; then it waits in the queue, is sent at the
/// link's rate, and arrives after the delay.
/// </summary>
public sealed class LinkDirection
{
    private const int BitsPerByte = 8;

    private readonly SimulatedNetwork _network;
    private readonly SeededRandom _random;
    private readonly List<(ILinkRule Rule, SeededRandom Random)> _rules = [];
    private readonly Transit _transit;
    private ulong _rulesAdded;
    private Instant _busyUntil;
    private long _remainder; // of the division by the bandwidth, so that no time is lost or won
    private Instant _lastDue;

    internal LinkDirection(SimulatedNetwork network, SimulatedLinkOptions options, SeededRandom random)
    {
        _network = network;
        _random = random;
        _transit = new Transit(network, this);
        BitsPerSecond = options.BitsPerSecond;
        Delay = options.Delay;
        QueueBytes = options.QueueBytes;
        MarkAboveBytes = options.MarkAboveBytes;
    }

    /// <summary>See <see cref="SimulatedLinkOptions.BitsPerSecond"/>. May change at any time.</summary>
    public long BitsPerSecond { get; set; }

    /// <summary>See <see cref="SimulatedLinkOptions.Delay"/>. Frames under way keep theirs.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>See <see cref="SimulatedLinkOptions.QueueBytes"/>.</summary>
    public long QueueBytes { get; set; }

    /// <summary>See <see cref="SimulatedLinkOptions.MarkAboveBytes"/>.</summary>
    public long? MarkAboveBytes { get; set; }

    /// <summary>
    /// Frames arrive at multiples of this time only, as from a device that interrupts seldom: those between two of them
    /// arrive at the same moment, and reach the host as one batch. Zero for each at its own time.
    /// </summary>
    internal TimeSpan ArrivalPeriod { get; set; }

    /// <summary>Frames that entered.</summary>
    public long Entered { get; private set; }

    /// <summary>Frames that rules dropped.</summary>
    public long Dropped { get; private set; }

    /// <summary>Frames that the full queue dropped.</summary>
    public long Overflowed { get; private set; }

    /// <summary>Frames that got a congestion mark.</summary>
    public long Marked { get; private set; }

    internal Action<Frame> Receiver { get; set; } = static frame => frame.Return();

    /// <summary>Adds a rule; rules act in the order in which they were added.</summary>
    /// <param name="rule">The rule.</param>
    public void Add(ILinkRule rule) => Add(rule, _rulesAdded++);

    /// <summary>Removes a rule; an absent one is ignored.</summary>
    /// <param name="rule">The rule.</param>
    public void Remove(ILinkRule rule) => _rules.RemoveAll(item => ReferenceEquals(item.Rule, rule));

    /// <summary>Removes all rules.</summary>
    public void ClearRules() => _rules.Clear();

    /// <summary>A rule whose randomness does not depend on which others there are.</summary>
    internal void Add(ILinkRule rule, ulong key)
    {
        ArgumentNullException.ThrowIfNull(rule);
        _rules.Add((rule, _random.Derive(key)));
    }

    /// <summary>Takes a frame, which belongs to the link from now on.</summary>
    internal void Send(Frame frame)
    {
        Entered++;
        Fate fate = Judge(frame);
        if (fate.IsDropped)
        {
            Dropped++;
            frame.Return();
            return;
        }

        Damage(frame, fate);
        for (int copy = 0; copy < fate.Copies; copy++)
        {
            Forward(frame.Copy(), fate);
        }

        Forward(frame, fate);
    }

    internal void Arrive(Frame frame) => Receiver(frame);

    private Fate Judge(Frame frame)
    {
        Fate all = Fate.Pass;
        foreach ((ILinkRule rule, SeededRandom random) in _rules)
        {
            Fate fate = rule.OnFrame(frame.Bytes, _network.Now, random);
            if (fate.IsDropped)
                return fate;
            if (fate != Fate.Pass)
                all = all.And(fate);
        }

        return all;
    }

    private static void Damage(Frame frame, in Fate fate)
    {
        int bit = fate.Bit - 1;
        if (bit >= 0 && bit / BitsPerByte < frame.Length && !frame.IsCorrupted)
        {
            frame.Memory[bit / BitsPerByte] ^= (byte)(1 << bit % BitsPerByte);
            frame.IsCorrupted = true;
        }

        frame.Length = Math.Max(0, frame.Length - fate.CutBytes);
    }

    private void Forward(Frame frame, in Fate fate)
    {
        if (!TryQueue(frame, out Instant leaves))
        {
            Overflowed++;
            frame.Return();
            return;
        }

        Instant due = leaves + Delay + fate.Latency;
        if (fate.Latency > TimeSpan.Zero && !fate.KeepsOrder)
        {
            frame.Way = this;
            _network.Events.Add(due, frame);
            return;
        }

        // A line that has become shorter must not let frames overtake each other either.
        _lastDue = Instant.Max(_lastDue, AtPeriod(due));
        _transit.Add(frame, _lastDue);
    }

    private Instant AtPeriod(Instant due)
    {
        long period = ArrivalPeriod.Ticks;
        return period == 0 ? due : new Instant((due.Ticks + period - 1) / period * period);
    }

    private bool TryQueue(Frame frame, out Instant leaves)
    {
        Instant now = _network.Time;
        leaves = now;
        if (BitsPerSecond == 0)
            return true;

        if (_busyUntil < now)
        {
            _busyUntil = now;
            _remainder = 0;
        }

        long waiting = (long)((Int128)(_busyUntil - now).Ticks * BitsPerSecond
            / (BitsPerByte * TimeSpan.TicksPerSecond));
        if (waiting > 0 && waiting + frame.Length > QueueBytes)
            return false;
        if (waiting > MarkAboveBytes && CongestionMark.TrySet(frame))
            Marked++;

        long work = frame.Length * BitsPerByte * TimeSpan.TicksPerSecond + _remainder;
        _busyUntil += new TimeSpan(work / BitsPerSecond);
        _remainder = work % BitsPerSecond;
        leaves = _busyUntil;
        return true;
    }
}
