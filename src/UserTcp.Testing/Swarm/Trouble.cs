using UserTcp.Testing.Rules;

namespace UserTcp.Testing.Swarm;

/// <summary>Something that goes wrong in a swarm run, for some time.</summary>
internal abstract record Trouble(int Host, TimeSpan From, TimeSpan To)
{
    /// <summary>Arranges for it to happen.</summary>
    public abstract void Begin(SwarmRun run);
}

/// <summary>A rule on one direction of a host's link.</summary>
internal sealed record RuleTrouble(
    int Host, TimeSpan From, TimeSpan To, bool IsOutgoing, ulong Key, string Text, Func<ILinkRule> Make)
    : Trouble(Host, From, To)
{
    public override void Begin(SwarmRun run)
    {
        SimulatedLink link = run.Hosts[Host].Link;
        (IsOutgoing ? link.Outgoing : link.Incoming).Add(new Timed(Make(), From, To), Key);
    }

    public override string ToString() =>
        $"{Text} on what host {Host} {(IsOutgoing ? "sends" : "receives")}, from {From} to {To}";
}

/// <summary>A host's clock jumps ahead.</summary>
internal sealed record ClockTrouble(int Host, TimeSpan From, TimeSpan By) : Trouble(Host, From, From)
{
    public override void Begin(SwarmRun run) => run.Network.Schedule(From, () => run.Hosts[Host].JumpClock(By));

    public override string ToString() => $"the clock of host {Host} jumps by {By} at {From}";
}

/// <summary>A host vanishes for good, as one whose power fails: it neither hears nor is heard.</summary>
internal sealed record VanishTrouble(int Host, TimeSpan From) : Trouble(Host, From, From)
{
    public override void Begin(SwarmRun run) => run.Network.Schedule(From, () => run.Vanish(Host));

    public override string ToString() => $"host {Host} vanishes at {From}";
}

/// <summary>A host stops listening for some time.</summary>
internal sealed record ListenerTrouble(int Host, TimeSpan From, TimeSpan To) : Trouble(Host, From, To)
{
    public override void Begin(SwarmRun run)
    {
        run.Network.Schedule(From, () => run.CloseListener(Host));
        run.Network.Schedule(To, () => run.OpenListener(Host));
    }

    public override string ToString() => $"host {Host} does not listen, from {From} to {To}";
}
