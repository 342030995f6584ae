using System.Runtime.CompilerServices;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// The addresses of a running stack, which come and go: who claims one, and who watches. Members named On… run under
/// the door of shard 0, all others outside.
/// </summary>
/// <param name="stack">The stack.</param>
/// <param name="routes">The addresses of this moment.</param>
/// <param name="news">Tells the log.</param>
/// <param name="link">The name of the link.</param>
internal sealed class Addressing(RunningStack stack, RoutingTable routes, StackNews news, string link)
{
    /// <summary>Whoever adds an address or gives one up holds it, and enters one door after the other.</summary>
    private readonly Lock _changing = new();

    // Both under the door of shard 0.
    private readonly AddressClaims _claims = new();
    private readonly List<AddressWatch> _watches = [];

    /// <summary>The addresses of this moment, the preferred one first.</summary>
    public ReadOnlySpan<LocalAddress> All => routes.Addresses;

    /// <summary>Claims an address, and waits until it is ours (RFC 5227).</summary>
    public async ValueTask AddAsync(LocalAddress address, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        AddressClaim claim = BeginClaim(address);
        ClaimOutcome outcome;
        try
        {
            outcome = await claim.Task.WaitAsync(stack.Driver.Deferred(cancellationToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (Withdraw(claim))
                throw;
            outcome = await claim.Task.ConfigureAwait(false);
        }

        if (outcome == ClaimOutcome.Claimed)
            return;
        throw claim.Conflict is AddressConflict conflict
            ? ConnectErrors.ForConflict(conflict, link)
            : ConnectErrors.ClaimGivenUp(address.Address);
    }

    /// <summary>
    /// Gives an address up: what it was used for ends, in silence. False if it was neither ours nor being claimed.
    /// </summary>
    public bool Remove(HostAddress address)
    {
        lock (_changing)
        {
            using (Door.Visit visit = First.Door.Enter())
            {
                stack.ThrowIfOver(visit);
                LocalAddress? lost = Find(address)
                    ?? _claims.Decide(address, ClaimOutcome.GivenUp, visit.Wakes)?.Local;
                if (lost is null)
                    return false;
                visit.Shard.ReleaseAddress(address);
                Tell(lost.Value, UserTcpAddressState.Lost, visit.Wakes);
            }

            foreach (RunningShard shard in stack.Shards)
            {
                using Door.Visit visit = shard.Door.Enter();
                if (!visit.IsDead)
                    visit.Shard.EndAddress(address, visit.Now);
            }

            return true;
        }
    }

    /// <summary>Whether nothing new should begin with an address. False if it is not ours.</summary>
    public bool Deprecate(HostAddress address, bool isDeprecated)
    {
        using Door.Visit visit = First.Door.Enter();
        stack.ThrowIfOver(visit);
        if (Find(address) is not LocalAddress local)
            return false;

        if (local.IsDeprecated == isDeprecated)
            return true;
        visit.Shard.DeprecateAddress(address, isDeprecated);
        Tell(local, isDeprecated ? UserTcpAddressState.Deprecated : UserTcpAddressState.Preferred, visit.Wakes);
        return true;
    }

    /// <summary>All addresses with their states, and then each change, until the stack ends.</summary>
    public async IAsyncEnumerable<AddressChange> WatchAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        AddressWatch watch = BeginWatch();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (watch.TryNext(out Task? more) is AddressChange change)
                    yield return change;
                else if (more is null)
                    yield break;
                else
                    await more.WaitAsync(stack.Driver.Deferred(cancellationToken)).ConfigureAwait(false);
            }
        }
        finally
        {
            using Door.Visit visit = First.Door.Enter();
            _watches.Remove(watch);
        }
    }

    private AddressClaim BeginClaim(LocalAddress address)
    {
        lock (_changing)
        {
            using Door.Visit visit = First.Door.Enter();
            stack.ThrowIfOver(visit);
            if (Find(address.Address) is not null || _claims.Has(address.Address))
                throw ConnectErrors.AddressIsOurs(address.Address);

            visit.Shard.ClaimAddress(address, visit.Now);
            Tell(address, UserTcpAddressState.Tentative, visit.Wakes);
            return _claims.Add(address, stack.Completions);
        }
    }

    private bool Withdraw(AddressClaim claim)
    {
        lock (_changing)
        {
            using Door.Visit visit = First.Door.Enter();
            if (!_claims.TryWithdraw(claim))
                return false;

            if (!visit.IsDead)
                visit.Shard.ReleaseAddress(claim.Local.Address);
            Tell(claim.Local, UserTcpAddressState.Lost, visit.Wakes);
            return true;
        }
    }

    private AddressWatch BeginWatch()
    {
        var watch = new AddressWatch(stack.Completions);
        using Door.Visit visit = First.Door.Enter();
        stack.ThrowIfOver(visit);
        foreach (LocalAddress local in routes.Addresses)
        {
            UserTcpAddressState state =
                local.IsDeprecated ? UserTcpAddressState.Deprecated : UserTcpAddressState.Preferred;
            watch.Add(new AddressChange(local, state));
        }

        foreach (AddressClaim claim in _claims.All)
        {
            watch.Add(new AddressChange(claim.Local, UserTcpAddressState.Tentative));
        }

        _watches.Add(watch);
        return watch;
    }

    public void OnClaimed(HostAddress address, WakeList wakes)
    {
        _claims.Decide(address, ClaimOutcome.Claimed, wakes);
        if (Find(address) is LocalAddress local)
            Tell(local, UserTcpAddressState.Preferred, wakes);
        news.OnAddressClaimed(address, wakes);
    }

    public void OnConflict(in AddressConflict conflict, Shard shard, WakeList wakes)
    {
        if (_claims.Decide(conflict.Address, ClaimOutcome.Conflict, wakes, conflict) is not { } claim)
        {
            news.OnAddressConflict(conflict, wakes);
            return;
        }

        shard.ReleaseAddress(conflict.Address);
        Tell(claim.Local, UserTcpAddressState.Lost, wakes);
    }

    /// <summary>The stack ends.</summary>
    public void OnEnd(WakeList wakes)
    {
        _claims.OnEnd(wakes);
        foreach (AddressWatch watch in _watches)
        {
            watch.End();
            wakes.Add(watch, WakeReasons.Decided);
        }
    }

    private void Tell(LocalAddress local, UserTcpAddressState state, WakeList wakes)
    {
        foreach (AddressWatch watch in _watches)
        {
            watch.Add(new AddressChange(local, state));
            wakes.Add(watch, WakeReasons.Decided);
        }
    }

    private LocalAddress? Find(HostAddress address)
    {
        foreach (LocalAddress local in routes.Addresses)
        {
            if (local.Address == address)
                return local;
        }

        return null;
    }

    private RunningShard First => stack.Shards[0];
}
