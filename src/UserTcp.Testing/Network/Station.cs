using UserTcp.Primitives;

namespace UserTcp.Testing.Network;

/// <summary>A host as the network sees it: frames arrive, it takes turns, it has a next deadline.</summary>
internal abstract class Station : IOccurrence, IDisposable
{
    private Instant _scheduled = Instant.Never;

    protected Station(SimulatedNetwork network, string name, SimulatedLinkOptions link)
    {
        Network = network;
        Name = name;
        Number = network.Stations.Count + 1;
        Mac = MacAddress.CreateLocal([(byte)Number, (byte)(Number >> 8)]);
        Address = HostAddress.FromV4(FirstAddress + (uint)Number);
        Link = new SimulatedLink(network, name, link, (ulong)Number);
        Link.Incoming.Receiver = Receive;
        Link.Outgoing.Receiver = network.Switch.Forward;
        network.Stations.Add(this);
        network.Switch.Attach(this);
    }

    /// <summary>The subnet of all hosts: 10.0.0.0/16.</summary>
    public const int PrefixLength = 16;

    private const uint FirstAddress = 10u << 24;

    public SimulatedNetwork Network { get; }

    public string Name { get; }

    public int Number { get; }

    public MacAddress Mac { get; }

    public HostAddress Address { get; }

    public SimulatedLink Link { get; }

    /// <summary>How far the host's clock has jumped ahead of the network's.</summary>
    public TimeSpan ClockOffset { get; private set; }

    public bool IsDirty { get; set; }

    /// <summary>What reached the host since its last turn.</summary>
    protected Queue<Frame> Inbox { get; } = new();

    /// <summary>When it has to be given a turn, on the network's clock.</summary>
    protected abstract Instant NextTurn { get; }

    public void JumpClock(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        ClockOffset += by;
        Network.MarkDirty(this);
    }

    /// <summary>Everything that is to be done now.</summary>
    public void Settle()
    {
        Turn();
        Arm();
    }

    /// <summary>Sees to it that the next turn comes in time; one that has become early does no harm.</summary>
    public void Arm()
    {
        Instant next = NextTurn;
        if (next >= _scheduled)
            return;

        _scheduled = Instant.Max(next, Network.Time + new TimeSpan(1));
        Network.Events.Add(_scheduled, this);
    }

    public void Occur(Instant now)
    {
        if (_scheduled > now)
            return;

        _scheduled = Instant.Never;
        Network.MarkDirty(this);
    }

    public abstract void Dispose();

    protected abstract void Turn();

    private void Receive(Frame frame)
    {
        Link.TellReceived(frame);
        Inbox.Enqueue(frame);
        Network.MarkDirty(this);
    }
}
