using UserTcp.Ip;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>What came of a claim.</summary>
internal enum ClaimOutcome : byte
{
    /// <summary>It was withdrawn, or the stack ended.</summary>
    GivenUp,

    /// <summary>The address is ours.</summary>
    Claimed,

    /// <summary>Another station has it.</summary>
    Conflict,
}

/// <summary>The claims of addresses that somebody waits for (RFC 5227). All of it under the door of shard 0.</summary>
internal sealed class AddressClaims
{
    private readonly Dictionary<HostAddress, AddressClaim> _claims = [];

    public IEnumerable<AddressClaim> All => _claims.Values;

    public bool Has(HostAddress address) => _claims.ContainsKey(address);

    public AddressClaim Add(LocalAddress address, TaskCreationOptions completions)
    {
        var claim = new AddressClaim(address, completions);
        _claims.Add(address.Address, claim);
        return claim;
    }

    /// <summary>What came of the claim of an address. Null if nobody waits for it.</summary>
    public AddressClaim? Decide(
        HostAddress address, ClaimOutcome outcome, WakeList wakes, AddressConflict? conflict = null)
    {
        if (!_claims.Remove(address, out AddressClaim? claim))
            return null;

        claim.Decide(outcome, conflict);
        wakes.Add(claim, WakeReasons.Decided);
        return claim;
    }

    /// <summary>The caller waits no longer; false if the claim was decided before.</summary>
    public bool TryWithdraw(AddressClaim claim) =>
        _claims.TryGetValue(claim.Local.Address, out AddressClaim? current) && ReferenceEquals(current, claim)
        && _claims.Remove(claim.Local.Address);

    /// <summary>The stack ends: no address becomes its own any more.</summary>
    public void OnEnd(WakeList wakes)
    {
        foreach (AddressClaim claim in _claims.Values)
        {
            wakes.Add(claim, WakeReasons.Decided);
        }

        _claims.Clear();
    }
}

/// <summary>A claim that somebody waits for.</summary>
internal sealed class AddressClaim(LocalAddress local, TaskCreationOptions completions) : IWakeTarget
{
    private readonly TaskCompletionSource<ClaimOutcome> _source = new(completions);
    private ClaimOutcome _outcome;

    public LocalAddress Local => local;

    public Task<ClaimOutcome> Task => _source.Task;

    /// <summary>Who has the address, if another station does.</summary>
    public AddressConflict? Conflict { get; private set; }

    public void Decide(ClaimOutcome outcome, AddressConflict? conflict) => (_outcome, Conflict) = (outcome, conflict);

    public void Wake(WakeReasons reasons, bool inlineAllowed) => _source.TrySetResult(_outcome);
}
