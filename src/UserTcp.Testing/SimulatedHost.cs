using System.Net;
using UserTcp.Testing.Network;

namespace UserTcp.Testing;

/// <summary>A host of a <see cref="SimulatedNetwork"/>: a stack, and the link that leads to the others.</summary>
public sealed class SimulatedHost
{
    private readonly StackStation _station;

    internal SimulatedHost(StackStation station)
    {
        _station = station;
        Address = station.Address.ToIPAddress();
    }

    /// <summary>The host's name.</summary>
    public string Name => _station.Name;

    /// <summary>The host's address in 10.0.0.0/16: 10.0.0.1 for the first, and so on.</summary>
    public IPAddress Address { get; }

    /// <summary>The host's stack. It has started.</summary>
    public UserTcpStack Stack => _station.Stack;

    /// <summary>The host's link to the others.</summary>
    public SimulatedLink Link => _station.Link;

    /// <summary>Moves the host's clock ahead, as after a suspension of the machine.</summary>
    /// <param name="by">How far; not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public void JumpClock(TimeSpan by) => _station.JumpClock(by);
}
