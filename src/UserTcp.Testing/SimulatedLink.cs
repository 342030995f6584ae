using UserTcp.Testing.Network;
using UserTcp.Testing.Rules;

namespace UserTcp.Testing;

/// <summary>The cable between a host and the switch that joins all hosts of a <see cref="SimulatedNetwork"/>.</summary>
public sealed class SimulatedLink
{
    private readonly SimulatedNetwork _network;

    internal SimulatedLink(SimulatedNetwork network, string host, SimulatedLinkOptions options, ulong key)
    {
        _network = network;
        Options = options;
        Outgoing = new LinkDirection(network, options, network.Random.Derive(2 * key));
        Incoming = new LinkDirection(network, options, network.Random.Derive(2 * key + 1));
        Name = host;
    }

    /// <summary>The options of the link.</summary>
    public SimulatedLinkOptions Options { get; }

    /// <summary>From the host to all others.</summary>
    public LinkDirection Outgoing { get; }

    /// <summary>From all others to the host.</summary>
    public LinkDirection Incoming { get; }

    internal string Name { get; }

    /// <summary>Taps that see the frames which the host sends and receives.</summary>
    internal List<IFrameTap> Taps { get; } = [];

    /// <summary>Adds a rule to both directions. Add two instances of a rule that has state, one to each.</summary>
    /// <param name="rule">The rule.</param>
    public void Add(ILinkRule rule)
    {
        Outgoing.Add(rule);
        Incoming.Add(rule);
    }

    /// <summary>Removes a rule from both directions.</summary>
    /// <param name="rule">The rule; an absent one is ignored.</param>
    public void Remove(ILinkRule rule)
    {
        Outgoing.Remove(rule);
        Incoming.Remove(rule);
    }

    /// <summary>
    /// Records in pcapng the frames that the host sends (before any rule acts on them) and receives, for Wireshark. The
    /// recording ends with the network.
    /// </summary>
    /// <param name="stream">
    /// A writable stream; the network flushes it when it is disposed of, and the caller closes it afterwards.
    /// </param>
    public void CaptureTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Taps.Add(new CaptureTap(stream, Name));
    }

    internal void Send(Frame frame)
    {
        foreach (IFrameTap tap in Taps)
        {
            tap.OnSent(frame.Bytes, _network.Time);
        }

        Outgoing.Send(frame);
    }

    internal void TellReceived(Frame frame)
    {
        foreach (IFrameTap tap in Taps)
        {
            tap.OnReceived(frame.Bytes, _network.Time);
        }
    }

    internal void Flush()
    {
        foreach (IFrameTap tap in Taps)
        {
            tap.Flush();
        }
    }
}
